/**
 * Builds the console: `node build/build-console.ts [stamp]`.
 *
 * Vite into a temporary folder, a `.br` and a `.gz` beside what is worth it, the sizes by page
 * against the limit, and then the folder takes the place of the one before. `stamp` is kept in it:
 * the caller tells by it whether sources have changed since.
 */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { build } from 'vite'
import { compressFolder } from './compress-folder.ts'
import { checkSizes, formatSizes, measureSizes } from './script-sizes.ts'
import { buildOptions, ROOT } from './vite-options.ts'

const DIST = path.join(ROOT, 'dist')

async function main(stamp: string | undefined): Promise<void> {
  const fresh = path.join(ROOT, `.dist-${process.pid}`)
  try {
    mkdirSync(fresh)
    await build(buildOptions(fresh))
    await compressFolder(fresh)
    const sizes = measureSizes(fresh)
    process.stdout.write(`${formatSizes(sizes).join('\n')}\n`)
    checkSizes(sizes)
    if (stamp !== undefined) writeFileSync(path.join(fresh, '.stamp'), stamp)
    replace(fresh)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** A gateway that serves meanwhile finds the old folder or the new one. */
function replace(fresh: string): void {
  const old = `${fresh}-old`
  if (existsSync(DIST)) renameSync(DIST, old)
  renameSync(fresh, DIST)
  rmSync(old, { recursive: true, force: true })
}

await main(process.argv[2])
