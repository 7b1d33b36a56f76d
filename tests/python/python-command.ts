/**
 * Commands from PyPI, each in a virtual environment of its own under the clone's cache.
 *
 * What is installed is what a file of requirements names, each file checked against its hash; the
 * environment belongs to that text, so that a new text makes a new one.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const CACHE = path.resolve(import.meta.dirname, '..', '..', '.cache', 'python')

/**
 * Path of the command out of what `requirements` names; installs it at the first call, which takes
 * up to half a minute.
 */
export function pythonCommand(requirements: string, command: string): string {
  const wanted = readFileSync(requirements)
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 16)
  const folder = path.join(CACHE, hash)
  const done = path.join(folder, 'installed')
  if (!existsSync(done)) {
    rmSync(folder, { recursive: true, force: true })
    run('python3', ['-m', 'venv', folder], 'Debian has it in python3-venv')
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    const flags = ['--require-hashes', '--only-binary', ':all:', '-r', requirements]
    run(path.join(folder, 'bin', 'python'), [...pip, ...flags], 'it needs PyPI')
    writeFileSync(done, '')
  }
  return path.join(folder, 'bin', command)
}

function run(command: string, args: readonly string[], hint: string): void {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return
  throw new Error(`${command} ${args.join(' ')} failed; ${hint}:\n${error?.message ?? stderr}`)
}
