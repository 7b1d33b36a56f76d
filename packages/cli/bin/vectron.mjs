#!/usr/bin/env node
/**
 * The `vectron` command's first step, in JavaScript that any Node understands: hand over to
 * src/main.ts, under Node 24 when this Node is older. Needs what `npm start` or `npm ci` installed.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR_MIN = 24
const HANDED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP']
const main = new URL('../src/main.ts', import.meta.url)

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) {
  await import(main.href)
} else {
  const node = findPackagedNode()
  if (node === undefined) {
    process.stderr.write(
      `vectron needs Node ${NODE_MAJOR_MIN} or newer; this is ${process.version}. Run npm ci in ` +
        'the clone, or install a newer Node (https://nodejs.org/en/download).\n',
    )
    process.exitCode = 1
  } else {
    handOver(node)
  }
}

/** Path of the Node 24 binary among the installed packages; undefined where there is none. */
function findPackagedNode() {
  const require = createRequire(import.meta.url)
  try {
    const name = `node-${process.platform}-${process.arch}`
    const folder = path.dirname(require.resolve(`${name}/package.json`))
    const binary = path.join(folder, 'bin', 'node')
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}

/** Runs main.ts in `node`; its exit code and signals become this process's. */
function handOver(node) {
  const args = [fileURLToPath(main), ...process.argv.slice(2)]
  const child = spawn(node, args, { stdio: 'inherit' })
  for (const signal of HANDED_ON) process.on(signal, () => child.kill(signal))
  child.on('close', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal]
  })
}
