/** Code to take along. That it runs for real is proved in tests/console/search-lab.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snippetsOf } from './snippets.ts'

const OF = { url: 'http://127.0.0.1:6180', collection: "o'hare & co" }

test('whatever is asked stays one word of the shell', () => {
  const { curl, cli } = snippetsOf({ ...OF, query: { q: `it's "$HOME"` }, config: {} })
  assert.ok(curl.includes("/v1/collections/o'\\''hare%20%26%20co/points:search'"))
  assert.ok(curl.includes(`"text": "it'\\''s \\"$HOME\\""`))
  assert.equal(
    cli,
    `vectron search 'o'\\''hare & co' 'it'\\''s "$HOME"' --url http://127.0.0.1:6180`,
  )
})

test('options have their flags, and numbers of a vector stand on one line', () => {
  const config = { topK: 3, exact: true, rerank: { preset: 'news' }, withPayload: false } as const
  const query = { by: 'vector', q: '[1, 2.5]' } as const
  const { curl, cli, typescript } = snippetsOf({ url: 'http://x', collection: 'c', query, config })
  assert.match(curl, /"vector": \[ 1, 2.5 \]/)
  assert.equal(
    cli,
    `vectron search c --vector 1,2.5 -k 3 --rerank '{"preset":"news"}' --exact --no-payload --url http://x`,
  )
  assert.match(typescript, /collection\("c"\)\.search\(/)
})

test('a filter alone is a scroll', () => {
  const filter = { must: [{ field: 'a', match: 1 }] }
  const { curl, cli } = snippetsOf({ ...OF, query: { by: 'filter' }, config: { topK: 2, filter } })
  assert.match(curl, /points:scroll/)
  assert.match(cli, /^vectron point scroll .* --limit 2/)
})
