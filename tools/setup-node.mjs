/**
 * Setup step: a Node of at least 24, which runs TypeScript by type stripping.
 *
 * Taken from the registry package that carries the binary for this machine; where there is none,
 * the Node that runs this must do.
 */
import { readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { ROOT, SetupError } from './setup-step.mjs'

const MAJOR_MIN = 24

/** @returns {Promise<{path: string, summary: string, quiet: boolean}>} */
export async function findNode() {
  const packaged = findPackaged()
  if (packaged) return packaged
  if (Number.parseInt(process.versions.node, 10) >= MAJOR_MIN) {
    return { path: process.execPath, summary: `v${process.versions.node}`, quiet: true }
  }
  throw new SetupError(
    `Vectron needs Node ${MAJOR_MIN} or newer; this is ${process.version} on ` +
      `${process.platform}-${process.arch}, for which no registry package carries a newer one.\n` +
      `Install Node ${MAJOR_MIN} (https://nodejs.org/en/download) and run the same command again.`,
  )
}

function findPackaged() {
  const folder = path.join(ROOT, 'node_modules', `node-${process.platform}-${process.arch}`)
  try {
    const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
    return {
      path: realpathSync(path.join(folder, 'bin', 'node')),
      summary: `v${version}, from node_modules`,
      quiet: true,
    }
  } catch {
    return undefined
  }
}
