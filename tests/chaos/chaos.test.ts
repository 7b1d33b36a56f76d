/**
 * A minute of chaos on real processes; and that nothing of a run is left behind, however it ends.
 * Longer: npm run chaos -- --minutes 30.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { testSeed } from '@vectron/base'
import { whyNoNamespaces } from './inside-namespaces.ts'

const MAIN = path.join(import.meta.dirname, 'main.ts')
const why = whyNoNamespaces()
const skip = why === undefined ? false : `namespaces cannot be had: ${why}`

function startChaos(...args: string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Settles with the first line that fits. */
function untilLine(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    lines.on('line', (line) => pattern.test(line) && resolve(line))
  })
}

/** Processes whose command line names the folder. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return line.includes(folder) ? [line] : []
      } catch {
        return []
      }
    })
}

/** Kills a run as soon as it has a worker; settles when nothing of it is left. */
async function killRun(t: TestContext, ...args: string[]): Promise<void> {
  const child = startChaos('--seconds', '600', '--seed', '1', ...args)
  const line = await untilLine(child, /records in/)
  const folder = line.slice(line.indexOf('records in ') + 'records in '.length)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  while (!processesOf(folder).some((command) => command.includes('worker.toml'))) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.ok(!readFileSync('/proc/mounts', 'utf8').includes(folder), "mounts are the run's own")
  child.kill('SIGKILL')
  const endMs = performance.now() + 10_000
  while (processesOf(folder).length > 0 && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.deepEqual(processesOf(folder), [])
}

test('a cluster keeps what it promised through a minute of faults', { skip }, async (t) => {
  const seed = testSeed() % 1_000_000n
  t.diagnostic(`again: npm run chaos -- --seconds 60 --seed ${seed}`)
  const child = startChaos('--seconds', '60', '--seed', String(seed))
  let output = ''
  child.stdout?.on('data', (chunk) => {
    output += chunk
  })
  const [code] = await once(child, 'close')
  t.diagnostic(output)
  assert.equal(code, 0, output)
})

test('a run that is killed leaves no process and no mount', { skip }, async (t) => {
  await killRun(t)
})

test('without namespaces, and ended by Ctrl-C: it heals, checks and leaves nothing', async (t) => {
  const args = ['--network', 'loopback', '--seconds', '600', '--seed', '3']
  const child = startChaos(...args, '--faults', 'split off minority, kill, lose packets')
  let output = ''
  child.stdout?.on('data', (chunk) => {
    output += chunk
  })
  await untilLine(child, /split off worker/)
  child.kill('SIGINT')
  const [code] = await once(child, 'close')
  t.diagnostic(output)
  assert.equal(code, 0, output)
  assert.match(output, /passed +no acknowledged write lost/)
  const folder = /records in (\S+)/.exec(output)?.[1] ?? ''
  assert.deepEqual(processesOf(folder), [])
})

test('without namespaces, a run that is killed leaves no process', async (t) => {
  await killRun(t, '--network', 'loopback')
})
