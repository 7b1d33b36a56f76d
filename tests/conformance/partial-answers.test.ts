// Proves over both protocols that a shard which is missing fails a search, by name, and that a
// search which takes partial answers says what they lack.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { BothProtocols } from './both-protocols.ts'
import type { Answer } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'
import { askGrpc } from './speak.ts'

const SHARDS = 4
const POINTS = 200

test('A search of a collection with a damaged shard.', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vectron-conformance-'))
  t.after(() => rm(folder, { recursive: true }))
  const damaged = await loadAndDamage(folder)
  const running = await startTestVectron(folder)
  t.after(() => running.close())
  const vectron = await BothProtocols.open(running)
  const search = { collection: 'c', vector: [1, 0], topK: POINTS, exact: true }
  const passing = ['tookUs']

  await t.test('fails, and names the shard and what is wrong with it', async () => {
    const said = await vectron.refusal('search', search)
    assert.equal(said.reason, 'DATA_CORRUPT')
    assert.match(said.message, new RegExp(`1 of ${SHARDS} shards did not answer \\(${damaged}\\)`))
  })

  await t.test('gives what the other shards have when that is enough', async () => {
    const answer = await vectron.ask('search', { ...search, allowPartial: true }, passing)
    assert.deepEqual(
      [answer.complete, answer.exact, answer.shardsTotal, answer.shardsAnswered],
      [false, false, SHARDS, SHARDS - 1],
    )
    assert.ok(answer.results.length > 0 && answer.results.length < POINTS)
    const [missing] = answer.missing
    assert.deepEqual(
      [answer.missing.length, missing.shardId, missing.reason],
      [1, damaged, 'DATA_CORRUPT'],
    )
  })

  await t.test('says of legs, groups and pages alike what they lack', async () => {
    const partial = { ...search, allowPartial: true }
    const { vector, ...others } = partial
    const fused = { ...others, fused: { legs: [{ vector, topK: POINTS }] } }
    const grouped = { ...partial, topK: 10, groupBy: { field: 'group', groupSize: 100 } }
    const paged = { ...partial, topK: 10, pageToken: '' }
    for (const request of [fused, grouped, paged]) {
      const answer = await vectron.ask('search', request as never, passing)
      assert.deepEqual(
        [answer.complete, answer.exact, answer.shardsTotal, answer.shardsAnswered],
        [false, false, SHARDS, SHARDS - 1],
      )
      for (const { kind, truncatedBy } of [answer.completeness, ...answer.legs]) {
        assert.equal(kind, 'truncated')
        assert.deepEqual(truncatedBy, [`shard ${damaged} did not answer: DATA_CORRUPT`])
      }
      assert.equal(answer.missing.length, 1)
    }
  })

  await t.test('warns of a field that no other shard knows, and waits for nobody', async () => {
    const filter = { must: [{ field: 'misspelt', match: 1 }] }
    const answer = await vectron.ask('search', { ...search, allowPartial: true, filter }, passing)
    assert.deepEqual(answer.results, [])
    const warning = 'No shard that answered knows the field "misspelt" of the filter.'
    assert.ok(answer.warnings.includes(warning), answer.warnings.join())
  })

  await t.test('warns in a stream when shards are missing, not while they are late', async () => {
    const filter = { must: [{ field: 'misspelt', match: 1 }] }
    const request = { ...search, allowPartial: true, filter }
    for (const answers of [
      await streamOverHttp(running, request),
      (await askGrpc(running.channel, 'searchStream', [request])) as Answer[],
    ]) {
      assert.ok(answers.length > 1, 'some answer came before the last')
      const final = answers.pop()
      for (const { warnings, missing, shardsAnswered } of answers) {
        assert.ok(shardsAnswered < SHARDS)
        assert.deepEqual([warnings, missing], [[], []])
      }
      const warning = 'No shard that answered knows the field "misspelt" of the filter.'
      assert.ok(final.warnings.includes(warning), final.warnings.join())
      assert.equal(final.missing.length, 1)
    }
  })

  await t.test('fails as a batch when one of its searches wants all shards', async () => {
    const { collection, ...query } = search
    const batch = (...allowed: boolean[]) => ({
      collection,
      searches: allowed.map((allowPartial) => ({ ...query, allowPartial })),
    })
    const said = await vectron.refusal('batchSearch', batch(true, false))
    assert.equal(said.reason, 'DATA_CORRUPT')
    const { responses } = await vectron.ask('batchSearch', batch(true, true), passing)
    assert.deepEqual(
      responses.map(({ complete }: Answer) => complete),
      [false, false],
    )
  })

  await t.test('leaves other reads all or nothing', async () => {
    assert.equal((await vectron.refusal('countPoints', { collection: 'c' })).reason, 'DATA_CORRUPT')
  })
})

async function streamOverHttp(running: TestVectron, request: object): Promise<Answer[]> {
  const response = await fetch(`${running.url}/v1/collections/c/points:searchStream`, {
    method: 'POST',
    headers: { 'x-api-key': running.key, 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
  const lines = (await response.text()).trim().split('\n')
  return lines.map((line) => JSON.parse(line))
}

/** A collection of several shards, one of whose stores is no store any more; its id. */
async function loadAndDamage(folder: string): Promise<number> {
  const running = await startTestVectron(folder)
  const vectron = await BothProtocols.open(running)
  await vectron.change('createCollection', { name: 'c', dimension: 2, shardCount: SHARDS })
  const points = Array.from({ length: POINTS }, (_, n) => ({
    id: `p${n}`,
    vector: [Math.cos(n), Math.sin(n)],
    payload: { group: n % 3 },
  }))
  await vectron.change('upsertPoints', { collection: 'c', points })
  const { shards } = await vectron.ask('listShards', { collection: 'c' })
  const damaged = shards[1].shardId
  await running.close()
  writeFileSync(join(folder, 'worker', 'shards', String(damaged), 'store.redb'), 'no store at all')
  return damaged
}
