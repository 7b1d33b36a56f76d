import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SourceFile } from './tidy/source-file.ts'
import { checkTree } from './tidy.ts'

const head = '/** Says what it owns. */\n'
const dependencies: SourceFile = { path: 'docs/DEPENDENCIES.md', text: '' }

/** Rules that one planted file breaches, as `rule` or `rule:line`. */
function breaches(path: string, text: string): string[] {
  const findings = checkTree([dependencies, { path, text }], [])
  return findings.map(({ rule, line }) => (line === 0 ? rule : `${rule}:${line}`))
}

test('a file in order has no findings', () => {
  const text = `${head}import { assert } from '@vectron/base'\nexport const one = assert\n`
  assert.deepEqual(breaches('packages/rpc/src/one.ts', text), [])
})

test('names that say nothing and names in camel case are found', () => {
  assert.deepEqual(breaches('packages/rpc/src/utils.ts', head), ['file-name'])
  assert.deepEqual(breaches('packages/rpc/src/readBarrier.ts', head), ['file-name'])
  assert.deepEqual(breaches('packages/native/crates/x/src/lib.rs', '//! X.\n'), [])
})

test('shape: head comment, length, width, default exports, enums, marks for later', () => {
  const path = 'packages/rpc/src/one.ts'
  const later = ['TO', 'DO'].join('')
  assert.deepEqual(breaches(path, 'export const one = 1\n'), ['head-comment:1'])
  assert.deepEqual(breaches(path, `${head}${'// x\n'.repeat(600)}`), ['file-length'])
  assert.deepEqual(breaches(path, `${head}// ${'x'.repeat(98)}\n`), ['line-length:2'])
  assert.deepEqual(breaches(path, `${head}export default 1\n`), ['default-export:2'])
  assert.deepEqual(breaches(path, `${head}export enum Kind {}\n`), ['erasable-syntax:2'])
  assert.deepEqual(breaches(path, `${head}// ${later}: later\n`), ['later:2'])
})

test('imports point down only', () => {
  const importing = (path: string, target: string) =>
    breaches(path, `${head}import {\n  a,\n} from '${target}'\n`).length > 0
  assert.ok(importing('packages/base/src/a.ts', '@vectron/rpc'))
  assert.ok(importing('packages/raft/src/a.ts', '@vectron/rpc'))
  assert.ok(importing('services/gateway/src/a.ts', '@vectron/worker-service'))
  assert.ok(importing('services/gateway/src/a.ts', '../../worker/src/b.ts'))
  assert.ok(importing('packages/shard/src/a.ts', '@vectron/testkit'))
  assert.ok(!importing('packages/shard/src/a.test.ts', '@vectron/testkit'))
  assert.ok(!importing('services/standalone/src/a.ts', '@vectron/worker-service'))
  assert.ok(!importing('packages/shard/src/a.ts', '@vectron/raft'))
  assert.ok(!importing('packages/shard/src/a.ts', './b.ts'))
})

test('unsafe Rust says why it is sound', () => {
  const path = 'packages/native/crates/x/src/a.rs'
  const bare = '//! X.\nfn f(p: *const u8) -> u8 {\n    unsafe { *p }\n}\n'
  assert.deepEqual(breaches(path, bare), ['unsafe:3'])
  const explained =
    '//! X.\nfn f() {\n    // Safety: p is valid.\n    let a =\n        unsafe { *p };\n}\n'
  assert.deepEqual(breaches(path, explained), [])
})

test('nothing of one machine stays in a file', () => {
  const path = 'packages/rpc/src/one.ts'
  assert.deepEqual(breaches(path, `${head}// ${'/wor'}k/main/x\n`), ['machine:2'])
  assert.deepEqual(breaches('README.md', `see ${'registry.npm'}js.org\n`), ['machine:1'])
})

test('pages name only paths that exist', () => {
  assert.deepEqual(breaches('docs/ARCHITECTURE.md', '`packages/rpc/src/gone.ts`\n'), ['doc-path:1'])
  assert.deepEqual(breaches('docs/A.md', '`docs/A.md` and `docs/`\n'), [])
})

test('each run-time dependency has a row, and each row a dependency', () => {
  const manifest = { path: 'packages/rpc/package.json', text: '{"dependencies":{"fastify":"1"}}' }
  const crate = {
    path: 'packages/native/crates/x/Cargo.toml',
    text: '[dependencies]\nredb = "1"\nown = { path = "../own" }\n[dev-dependencies]\nrand = "1"\n',
  }
  const page = { path: 'docs/DEPENDENCIES.md', text: '| `fastify` | HTTP |\n| `gone` | x |\n' }
  const messages = checkTree([manifest, crate, page], []).map(({ message }) => message)
  assert.equal(messages.length, 2)
  assert.match(messages[0]!, /add a row for `redb`/)
  assert.match(messages[1]!, /remove `gone`/)
})

test('an exception silences its finding, and a needless one is a finding', () => {
  const file = { path: 'packages/rpc/src/one.ts', text: 'export const one = 1\n' }
  const exception = { rule: 'head-comment', path: file.path, reason: 'for the test' }
  assert.deepEqual(checkTree([dependencies, file], [exception]), [])
  const fixed = { path: file.path, text: head }
  assert.equal(checkTree([dependencies, fixed], [exception])[0]?.rule, 'exception')
})
