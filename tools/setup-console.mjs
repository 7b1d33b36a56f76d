/**
 * Setup step: the console, built by Vite into services/console/dist, which gateways serve.
 *
 * Up to date means: the stamp in that folder holds the hash of every source that goes into it. The
 * build writes to a folder of its own and takes the place of the old one whole, so a running
 * gateway never serves half of it.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT, run, SetupError } from './setup-step.mjs'

const CONSOLE = path.join(ROOT, 'services', 'console')
const DIST = path.join(CONSOLE, 'dist')
const STAMP = path.join(DIST, '.stamp')
/** What goes into the console: its own sources, the SDK that it calls with, its dependencies. */
const SOURCES = [
  'services/console/build',
  'services/console/index.html',
  'services/console/package.json',
  'services/console/public',
  'services/console/src',
  'packages/client/src',
  'package-lock.json',
]

/**
 * @param {string} node path of the Node 24 binary
 * @param {import('./setup-step.mjs').Progress} progress
 */
export async function buildConsole(node, progress) {
  const hash = hashSources()
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hash) return
  progress.update('vite build')
  const { code, output } = await run(node, ['build/build-console.ts', hash], { cwd: CONSOLE })
  if (code !== 0) throw new SetupError(`The console was not built. What it said:\n${output.trim()}`)
  progress.done(`built ${path.relative(ROOT, DIST)}`)
}

function hashSources() {
  const hash = createHash('sha256')
  for (const file of SOURCES.flatMap(filesOf).filter((name) => !/\.test\.tsx?$/.test(name))) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(ROOT, file)))
      .update('\0')
  }
  return hash.digest('hex')
}

/** Files at or under a path, in one order everywhere. */
function filesOf(place) {
  const full = path.join(ROOT, place)
  if (!existsSync(full)) return []
  if (path.extname(place) !== '') return [place]
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
    .sort()
}
