/** Proves that the embedder answers by meaning, over all definitions of the dictionary. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { GloveSifEmbedder } from './glove-sif.ts'
import { readDefinitions } from './wordnet.ts'

const cacheFolder = fileURLToPath(new URL('../../../.cache/embed', import.meta.url))
const embedder = new GloveSifEmbedder({ cacheFolder })
const entries: { readonly words: string; readonly vector: Float32Array }[] = []

before(async () => {
  for (const { words, definition } of readDefinitions()) {
    const [vector] = await embedder.embed([definition])
    if (vector) entries.push({ words: words.join(', '), vector })
  }
})

/** The first words of the definitions nearest to a text. */
async function nearest(text: string, count: number): Promise<string[]> {
  const [query] = await embedder.embed([text])
  const scored = entries.map(({ words, vector }) => {
    const score = vector.reduce((sum, value, index) => sum + value * query![index]!, 0)
    return { words, score }
  })
  return scored
    .sort((left, right) => right.score - left.score)
    .slice(0, count)
    .map(({ words }) => words)
}

const CASES: readonly (readonly [query: string, wanted: RegExp, within: number])[] = [
  ['a young dog', /^puppy$/, 1],
  ['a young dog', /\bpup\b/, 10],
  ['fear of spiders', /arachnophobia/, 1],
  ['a person who writes books', /novelist/, 2],
  ['instrument for measuring temperature', /thermometer/, 1],
  ['vehicle with two wheels', /motorcycle/, 5],
  ['very cold', /arctic|freezing/, 3],
  ['feeling of great happiness', /joy/, 5],
]

for (const [query, wanted, within] of CASES) {
  test(`"${query}" finds ${wanted.source} among the first ${within}`, async () => {
    const found = await nearest(query, within)
    assert.ok(
      found.some((words) => wanted.test(words)),
      found.join(' | '),
    )
  })
}

test('nearly every definition has a vector, and vectors have length 1', () => {
  // 13 definitions are one rare word each, such as "foraminifers".
  assert.equal(entries.length, 117_778 - 13)
  for (const { vector } of entries) {
    const length = Math.hypot(...vector)
    assert.ok(Math.abs(length - 1) < 1e-5)
  }
})

test('the same text gives the same vector, whatever its case and punctuation', async () => {
  const [plain, loud] = await embedder.embed(['a young dog', 'A YOUNG -- DOG!'])
  assert.deepEqual(plain, loud)
})

test('a text without a known word has no vector', async () => {
  assert.deepEqual(await embedder.embed(['zzxqv ***', '']), [undefined, undefined])
})
