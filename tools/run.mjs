/**
 * Runs a TypeScript file under Node 24: `node tools/run.mjs [node flags] <file.ts> [arguments]`.
 *
 * Needs what setup installs, but builds nothing: a stale addon is the caller's to refresh.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { pathToFileURL } from 'node:url'
import { findNode } from './setup-node.mjs'
import { exitWithMessage, ROOT } from './setup-step.mjs'

const HANDED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs Node in the clone's root and waits.
 *
 * Signals are handed on and never end this process by themselves. On a terminal Ctrl-C reaches the
 * child twice, from the terminal and from here, so programs take two that come together for one.
 *
 * @param {string} node path of the binary
 * @param {string[]} args
 * @returns {Promise<number>} its exit code; 128 + n when signal n ended it.
 */
export function runTypeScript(node, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { cwd: ROOT, stdio: 'inherit' })
    const handOn = (signal) => child.kill(signal)
    for (const signal of HANDED_ON) process.on(signal, handOn)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      for (const each of HANDED_ON) process.off(each, handOn)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await exitWithMessage(async () => {
    const { path } = await findNode()
    process.exitCode = await runTypeScript(path, process.argv.slice(2))
  })
}
