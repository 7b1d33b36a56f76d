/**
 * The peers' Python environment: made once under the cache folder by pip.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

export interface Peers {
  /** The environment's interpreter. */
  readonly python: string
  readonly versions: { readonly hnswlib: string; readonly usearch: string }
}

const PINNED = ['hnswlib==0.8.0', 'usearch==2.26.6', 'numpy==2.4.6']
const FLAGS = '-O3 -march=native'

/** The environment, installed when this is the first time. */
export function openPeers(cache: string, note: (line: string) => void): Peers {
  const folder = join(cache, 'peers')
  if (!existsSync(folder)) install(folder, note)
  return {
    python: join(folder, 'bin/python'),
    versions: { hnswlib: versionOf('hnswlib'), usearch: versionOf('usearch') },
  }
}

function install(folder: string, note: (line: string) => void): void {
  const partial = `${folder}.partial`
  rmSync(partial, { recursive: true, force: true })
  note(`installing the peers: ${PINNED.join(', ')} (hnswlib is compiled with ${FLAGS})`)
  run('python3', ['-m', 'venv', partial], 'python3-venv')
  const args = ['-m', 'pip', 'install', '--quiet', '--no-binary', 'hnswlib', ...PINNED]
  run(join(partial, 'bin/python'), args, 'python3-dev and g++')
  renameSync(partial, folder)
}

function run(program: string, args: readonly string[], debianPackages: string): void {
  try {
    const env = { ...process.env, CFLAGS: FLAGS, CXXFLAGS: FLAGS }
    execFileSync(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (cause) {
    const hint = `If it is missing, install the Debian packages ${debianPackages}.`
    throw new Error(`${program} ${args.slice(0, 3).join(' ')} failed. ${hint}`, { cause })
  }
}

function versionOf(name: string): string {
  return PINNED.find((pin) => pin.startsWith(`${name}==`))?.split('==')[1] ?? ''
}
