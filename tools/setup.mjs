/**
 * Setup: brings a clone to the state in which everything runs: dependencies, Node 24, the
 * addon, the console.
 *
 * Plain JavaScript for Node 20, with nothing but Node's own modules: it runs before anything is
 * installed. Each step is skipped when it is up to date, tells so in one line with its time, and
 * may be interrupted at any point: what it makes appears whole or not at all.
 *
 * Run alone (`npm run build`) it does all steps and stops.
 */
import { pathToFileURL } from 'node:url'
import { buildAddon } from './setup-addon.mjs'
import { buildConsole } from './setup-console.mjs'
import { installDependencies } from './setup-dependencies.mjs'
import { findNode } from './setup-node.mjs'
import { exitWithMessage, step } from './setup-step.mjs'

/**
 * Does all steps in order.
 *
 * @param {{addon?: boolean, console?: boolean}} options `addon: false` leaves the Rust addon alone.
 * @returns {Promise<{node: string}>} path of the Node 24 binary that runs TypeScript.
 */
export async function setup({ addon = true } = {}) {
  await step('dependencies', installDependencies)
  let node = process.execPath
  await step('node 24', async (progress) => {
    const found = await findNode()
    node = found.path
    progress.done(found.summary, { quiet: found.quiet })
  })
  if (addon) await step('addon', buildAddon)
  await step('console', (progress) => buildConsole(node, progress))
  return { node }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await exitWithMessage(() => setup())
}
