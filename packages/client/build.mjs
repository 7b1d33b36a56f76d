/**
 * Builds the SDK for publishing: dist/ becomes a package of its own, JavaScript with declarations
 * and no dependency. In this repository the sources are used directly. Run: npm run build -w
 * packages/client
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const dist = path.join(here, 'dist')
const tsc = path.join(here, '..', '..', 'node_modules', '.bin', 'tsc')

rmSync(dist, { recursive: true, force: true })
const { status } = spawnSync(tsc, ['-p', path.join(here, 'tsconfig.build.json')], {
  stdio: 'inherit',
})
if (status === 0) {
  writePackage()
  process.stdout.write(`built ${path.relative(process.cwd(), dist)}\n`)
} else {
  process.exitCode = 1
}

/** The published package.json: the sources' own, with exports that point at the built files. */
function writePackage() {
  const source = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8'))
  const { name, version, description, type, license } = source
  const exports = { '.': { types: './index.d.ts', default: './index.js' } }
  const published = { name, version, description, type, license, sideEffects: false, exports }
  writeFileSync(path.join(dist, 'package.json'), `${JSON.stringify(published, undefined, 2)}\n`)
  copyFileSync(path.join(here, 'README.md'), path.join(dist, 'README.md'))
}
