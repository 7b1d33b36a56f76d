// With the real runtime, a real model and tokenizer: tiny ones, so that scores can be done on
// paper.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { JsonReader } from '@vectron/ranking'
import { VOCABULARY, writeTinyModel } from '../testing/tiny-model.ts'
import { openOnnx } from './onnx.ts'
import { candidate, jobOf, rankBy, testStrategy } from './strategy.contract.ts'

const root = mkdtempSync(join(tmpdir(), 'vectron-onnx-'))
after(() => rmSync(root, { recursive: true }))

function modelIn(name: string, ...model: Parameters<typeof writeTinyModel>[1][]): string {
  const folder = join(root, name)
  writeTinyModel(folder, model[0])
  return folder
}

const onnx = openOnnx({ folder: modelIn('sums') })

testStrategy({
  strategy: onnx,
  parameters: [{}, { fields: ['title'] }],
  refused: [
    [{ fields: [] }, 'parameters.fields'],
    [{ model: '/etc/passwd' }, 'parameters.model'],
  ],
})

const { red, fox, dog } = VOCABULARY
const SEP = VOCABULARY['[SEP]']
const UNK = VOCABULARY['[UNK]']

const JOB = jobOf([
  candidate(0.9, { title: 'Red' }),
  candidate(0.8, { title: 'red fox dog' }),
  candidate(0.7, { title: 'something' }),
])

test('Scores are those of the model over the tokens of query and document.', async () => {
  const ranked = await rankBy(onnx, { fields: ['title'] }, JOB)
  assert.deepEqual(ranked, [
    { place: 1, score: red + fox + dog + SEP, reason: 'the model says 73' },
    { place: 0, score: red + SEP, reason: 'the model says 13' },
    { place: 2, score: UNK + SEP, reason: 'the model says 4' },
  ])
})

test('Of two classes the score is how much the second is above the first.', async () => {
  const two = openOnnx({ folder: modelIn('two', { classes: 2 }) })
  const ranked = await rankBy(two, { fields: ['title'] }, JOB)
  assert.deepEqual(
    ranked.map(({ score }) => score),
    [red + fox + dog + SEP, red + SEP, UNK + SEP],
  )
})

test('A document that is too long loses its end, and keeps the token that closes it.', async () => {
  const long = jobOf([candidate(1, { title: 'red '.repeat(3000) })])
  const [only] = await rankBy(onnx, { fields: ['title'] }, long)
  // 512 tokens: [CLS], red, fox and [SEP] of the query, 507 of the document, and the last [SEP].
  assert.equal(only?.score, 507 * red + SEP)
})

test('Many candidates are scored in steps, each in its place.', async () => {
  const words = ['red', 'fox', 'dog', 'red fox', 'fox dog']
  const many = Array.from({ length: 100 }, (_, at) => candidate(1, { title: words[at % 5] ?? '' }))
  const ranked = await rankBy(onnx, { fields: ['title'] }, jobOf(many))
  const scores = new Map(ranked.map(({ place, score }) => [place, score]))
  many.forEach((_, place) => {
    const wanted = [red, fox, dog, red + fox, fox + dog][place % 5] ?? 0
    assert.equal(scores.get(place), wanted + SEP)
  })
})

test('The version tells one model from another, and stays while the model does.', async () => {
  const versionOf = async (folder: string) => {
    const strategy = openOnnx({ folder })
    return (await strategy.prepare(new JsonReader({}, 'parameters'))).version
  }
  const first = await versionOf(join(root, 'sums'))
  assert.match(first, /^1\+[0-9a-f]{12}$/)
  assert.equal(await versionOf(join(root, 'sums')), first)
  assert.notEqual(await versionOf(modelIn('other', { classes: 2 })), first)
})

test('Who leaves ends the work between two steps.', async () => {
  const signal = AbortSignal.abort()
  await assert.rejects(rankBy(onnx, {}, { ...JOB, signal }), { reason: 'DEADLINE_EXCEEDED' })
})

test('Files that are missing, broken or of another model are told, and tried anew.', async () => {
  const refuses = async (folder: string, message: RegExp) => {
    await assert.rejects(rankBy(openOnnx({ folder }), {}, JOB), (error: Error) => {
      assert.equal((error as Error & { reason: string }).reason, 'UNAVAILABLE')
      assert.match(error.message, message)
      return true
    })
  }
  await refuses(join(root, 'nowhere'), /ENOENT/)
  const broken = modelIn('broken')
  writeFileSync(join(broken, 'model.onnx'), 'no model')
  await refuses(broken, /cannot be used/)
  await refuses(modelIn('image', { input: 'pixels' }), /takes pixels/)
  const mended = openOnnx({ folder: broken })
  await assert.rejects(rankBy(mended, {}, JOB))
  writeTinyModel(broken)
  assert.equal((await rankBy(mended, {}, JOB)).length, 3)
})

test('Without a folder, or without the runtime, it says what to do.', async () => {
  const none = openOnnx({ folder: '' })
  assert.match(none.problem(), /rerank\.onnxModel/)
  await assert.rejects(rankBy(none, {}, JOB), { reason: 'UNAVAILABLE' })
  const bare = openOnnx({ folder: root, hasRuntime: () => false })
  await assert.rejects(rankBy(bare, {}, JOB), { message: /npm install .*onnxruntime-node/ })
})
