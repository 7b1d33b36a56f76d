// Proves on a cluster of real processes that searches are reranked by several instances, that the
// loss of one costs nothing, and that without any, or with ones that stand still, searches go on in
// their own order and say so.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { deadlineAfter, sleep, systemClock } from '@vectron/base'
import { type Collection, type Rerank, type SearchResult, Vectron } from '@vectron/client'
import type { LocalCluster } from '@vectron/local-cluster'
import { localCluster } from '../cluster/local-cluster.ts'

const STARS = { preset: 'stars' }
const RERANKERS = ['reranker-1', 'reranker-2']

let cluster: LocalCluster
let points: Collection

before(async () => {
  cluster = localCluster(mkdtempSync(join(tmpdir(), 'vectron-rerankers-')))
  await cluster.create({ workers: 1, placement: 1, gateways: 1, rerankers: 2, port: 0 })
  await cluster.startAll()
  const { url } = await cluster.addresses()
  const apiKey = await cluster.createKey('test')
  const client = new Vectron({ url, apiKey, retry: { retriesMax: 0 } })
  await client.createCollection({ name: 'c', dimension: 2 })
  points = client.collection('c')
  await points.upsert([
    { id: 'near', vector: [1, 0], payload: { stars: 1 } },
    { id: 'far', vector: [1, 1], payload: { stars: 5 } },
  ])
  const parameters = { rules: [{ kind: 'number', field: 'stars', from: 0, to: 5, boost: 10 }] }
  await untilReranked({ strategy: 'mmr' })
  await points.rerankPresets.set('stars', { strategy: 'rules', parameters })
})

after(async () => {
  await cluster.stop()
  rmSync(cluster.folder, { recursive: true, force: true })
})

function search(rerank: Rerank = STARS): Promise<SearchResult<Record<string, unknown>>> {
  return points.search({ vector: [1, 0], rerank })
}

const idsOf = ({ results }: SearchResult<unknown>) => results.map(({ id }) => id)

/** A new instance is known to the gateway a moment after it began. */
async function untilReranked(rerank: Rerank): Promise<void> {
  const deadline = deadlineAfter(systemClock, 60_000)
  for (;;) {
    const { rerank: report } = await points.search({ vector: [1, 0], rerank })
    if (report?.degraded === false) return
    assert.ok(!deadline.passed, `never reranked: ${report?.message}`)
    await sleep(systemClock, 50)
  }
}

test('One of two rerankers dies amid searches, and none of them is degraded.', async () => {
  for (let i = 0; i < 30; i++) {
    if (i === 5) await cluster.kill('reranker-1')
    const answer = await search()
    assert.deepEqual(idsOf(answer), ['far', 'near'])
    assert.deepEqual([answer.rerank?.degraded, answer.rerank?.presetVersion], [false, 1])
  }
})

test('Without any the results come in their own order; with one again they are reranked.', async () => {
  await cluster.kill('reranker-2')
  const answer = await search()
  assert.deepEqual([idsOf(answer), answer.complete], [['near', 'far'], true])
  assert.deepEqual([answer.rerank?.degraded, answer.rerank?.reason], [true, 'UNAVAILABLE'])
  await cluster.startNode('reranker-1')
  await untilReranked(STARS)
  await cluster.startNode('reranker-2')
})

test('Rerankers that stand still cost a search its time once, and not for long.', async () => {
  await untilReranked(STARS)
  for (const name of RERANKERS) await cluster.pause(name)
  const answers: SearchResult<unknown>[] = []
  for (let i = 0; i < 8; i++) answers.push(await search({ ...STARS, timeoutMs: 300 }))
  for (const answer of answers) {
    assert.deepEqual([idsOf(answer), answer.rerank?.degraded], [['near', 'far'], true])
  }
  assert.match(answers.at(-1)?.rerank?.message ?? '', /not asked for a while|announced itself/)
  for (const name of RERANKERS) await cluster.resume(name)
  await untilReranked(STARS)
  assert.deepEqual(idsOf(await search()), ['far', 'near'])
})
