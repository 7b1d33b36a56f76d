/**
 * Runs this program anew inside namespaces of its own: processes, mounts and network.
 *
 * Must stay true: nothing outlives the run, however it ends. The kernel ends the processes of a
 * process namespace with its first one, and mounts and network namespaces with the last process
 * that uses them; so there is no tidying up that a kill -9 could prevent. Without root the same is
 * done inside a user namespace, where the system allows one.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

const MARK = 'VECTRON_CHAOS_INSIDE'
const NAMESPACES = ['--fork', '--pid', '--mount-proc', '--mount', '--net']

export function isInside(): boolean {
  return process.env[MARK] === '1'
}

/** Why namespaces cannot be had here; undefined when they can. */
export function whyNoNamespaces(): string | undefined {
  const tried = spawnSync('unshare', [...asRoot(), ...NAMESPACES, 'true'], { encoding: 'utf8' })
  if (tried.error !== undefined) return tried.error.message
  return tried.status === 0 ? undefined : tried.stderr.trim()
}

/** Runs the same program with the same arguments inside; answers its exit code. */
export async function runInside(): Promise<number> {
  const [node, ...args] = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const unshare = ['unshare', ...asRoot(), ...NAMESPACES, '--kill-child=KILL', node, ...args]
  // Should this process die without a word, the one in between dies with it.
  const [program, ...rest] = isRoot() ? ['setpriv', '--pdeathsig', 'KILL', ...unshare] : unshare
  const child = spawn(program as string, rest as string[], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  })
  // The first signal stops the run in order, the second at once.
  let signals = 0
  const pass = () => {
    signals++
    for (const pid of signals > 1 ? [child.pid] : childrenOf(child.pid)) {
      if (pid !== undefined) process.kill(pid, signals > 1 ? 'SIGKILL' : 'SIGINT')
    }
  }
  process.on('SIGINT', pass)
  process.on('SIGTERM', pass)
  const [code] = await once(child, 'exit')
  return code ?? 1
}

/** From a terminal, Ctrl-C reaches them too: they must take it twice as once. */
function childrenOf(pid: number | undefined): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

function asRoot(): string[] {
  return isRoot() ? [] : ['--user', '--map-root-user']
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}
