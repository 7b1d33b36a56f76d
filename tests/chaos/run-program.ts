/** Runs programs of the system (ip, nft, mount) and says which failed, and how. */
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`

/** For setting up: nothing else is under way yet. */
export function runNow(program: string, ...args: string[]): void {
  execFileSync(program, args, { env: { ...process.env, PATH }, stdio: 'pipe' })
}

/** For the middle of a run: clients go on meanwhile. */
export async function run(program: string, args: readonly string[], input = ''): Promise<void> {
  const running = promisify(execFile)(program, [...args], { env: { ...process.env, PATH } })
  running.child.stdin?.end(input)
  await running
}
