/**
 * Proves that the published SDK runs where there is no Node: built and published as people get it,
 * it imports nothing but its own files and works with the globals of a browser alone.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'

const PACKAGE = path.resolve(import.meta.dirname, '../../packages/client')
const DIST = path.join(PACKAGE, 'dist')
/** What the SDK may use beside the language itself: globals of browsers, Deno, Bun and workers. */
const GLOBALS = [
  ...['fetch', 'AbortController', 'AbortSignal', 'TextDecoder', 'TextEncoder', 'ReadableStream'],
  ...['Response', 'performance', 'setTimeout', 'clearTimeout', 'atob', 'btoa'],
]

/** Loads the built SDK in a realm that has only these globals, and searches against a fake. */
const PROGRAM = `
  import { readFileSync } from 'node:fs'
  import { createContext, SourceTextModule } from 'node:vm'
  import path from 'node:path'
  const [dist, ...names] = process.argv.slice(1)
  const sandbox = Object.fromEntries(names.map((name) => [name, globalThis[name]]))
  const answer = { results: [{ id: 'x', score: 1, vector: [1, 2] }], exact: true }
  sandbox.fetch = async () => new Response(JSON.stringify(answer))
  const context = createContext(sandbox)
  const modules = new Map()
  const load = (file) => {
    if (!modules.has(file)) {
      const source = readFileSync(file, 'utf8')
      modules.set(file, new SourceTextModule(source, { context, identifier: file }))
    }
    return modules.get(file)
  }
  const main = load(path.join(dist, 'index.js'))
  await main.link((name, from) => load(path.resolve(path.dirname(from.identifier), name)))
  await main.evaluate()
  const client = new main.namespace.Vectron({ url: 'http://x' })
  const found = await client.collection('c').search({ vector: [1, 2] })
  console.log(found.results[0].vector.length)
`

before(() => {
  execFileSync(process.execPath, [path.join(PACKAGE, 'build.mjs')], { stdio: 'ignore' })
})

test('the published package has no dependency and imports only its own files', () => {
  const published = JSON.parse(readFileSync(path.join(DIST, 'package.json'), 'utf8'))
  assert.equal(published.dependencies, undefined)
  assert.deepEqual(published.exports['.'], { types: './index.d.ts', default: './index.js' })
  for (const file of readdirSync(DIST).filter((name) => name.endsWith('.js'))) {
    const source = readFileSync(path.join(DIST, file), 'utf8')
    const imports = [...source.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, name]) => name)
    for (const name of imports) assert.match(name ?? '', /^\.\/[a-z-]+\.js$/, `${file}: ${name}`)
  }
})

test('it works with nothing but the globals of a browser', () => {
  const flags = ['--experimental-vm-modules', '--no-warnings', '--input-type=module']
  const args = [...flags, '--eval', PROGRAM, DIST, ...GLOBALS]
  const output = execFileSync(process.execPath, args, { encoding: 'utf8' })
  assert.equal(output.trim(), '2')
})
