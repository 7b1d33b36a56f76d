/**
 * The writer and the checker that every fault test shares.
 *
 * Each write of a point carries a value that is never used again, in its payload and in its
 * vector, so that a point found later tells exactly which write it came from, whole or torn.
 */
import assert from 'node:assert/strict'
import type { Random } from '@vectron/base'
import type { VectronProcess, WriteLedger } from '@vectron/testkit'

export const COLLECTION = 'faults'
export const DIMENSION = 32
const ROUTE = `/v1/collections/${COLLECTION}`
const READ_BATCH = 1000

/**
 * Exact in f32 and in JSON; spread over the space, so that recall means something. Drawn with
 * 32-bit arithmetic (a Weyl sequence through a multiply-xorshift mixer), because millions are
 * compared.
 */
export function vectorOf(id: string, value: number): number[] {
  let state = Math.imul(value, 0x9e3779b1) ^ Math.imul(Number(id.slice(1)) + 1, 0x85ebca6b)
  return Array.from({ length: DIMENSION }, () => {
    state = (state + 0x6d2b79f5) | 0
    const mixed = Math.imul(state ^ (state >>> 15), state | 1)
    return ((mixed ^ (mixed >>> 13)) & 511) / 256 - 1
  })
}

export async function createCollection(server: VectronProcess): Promise<void> {
  const answer = await server.request('POST', '/v1/collections', {
    name: COLLECTION,
    dimension: DIMENSION,
    metric: 'l2',
    payloadSchema: { value: 'integer' },
  })
  assert.ok([200, 409].includes(answer.status), JSON.stringify(answer.body))
}

export interface WriterOptions {
  readonly server: VectronProcess
  readonly ledger: WriteLedger
  readonly random: Random
  /** This writer's ids are p<n> for n in [idsFrom, idsFrom + idsCount). */
  readonly idsFrom: number
  readonly idsCount: number
  readonly batchSize: number
}

export interface Refusal {
  readonly status: number
  readonly reason: string
  readonly detail: string
}

/** Writes one batch of random ids; answers the refusal, if the server gave one. */
export async function writeBatch(options: WriterOptions): Promise<Refusal | undefined> {
  const { server, ledger, random } = options
  const numbers = new Set<number>()
  while (numbers.size < options.batchSize) {
    numbers.add(options.idsFrom + random.nextBelow(options.idsCount))
  }
  const writes = [...numbers].map((n) => ({ id: `p${n}`, value: ledger.nextValue() }))
  for (const { id, value } of writes) ledger.send(id, value)
  const points = writes.map(({ id, value }) => ({
    id,
    vector: vectorOf(id, value),
    payload: { value },
  }))
  const answer = await server.request('POST', `${ROUTE}/points:upsert`, { points })
  if (answer.status === 200) {
    for (const { id, value } of writes) ledger.acknowledge(id, value)
    return undefined
  }
  const { reason, detail } = answer.body
  return { status: answer.status, reason, detail }
}

/** Writes until the process dies; any refusal before that fails the test. */
export async function writeUntilDeath(options: WriterOptions): Promise<void> {
  for (;;) {
    let refusal: Refusal | undefined
    try {
      refusal = await writeBatch(options)
    } catch (error) {
      // fetch() rejects with a TypeError when the connection breaks or cannot be made.
      if (error instanceof TypeError) return
      throw error
    }
    assert.equal(refusal, undefined, JSON.stringify(refusal))
  }
}

/**
 * Reads every id of the ledger and the count; fails on anything that the ledger does not allow:
 * a lost or invented write, a vector that does not belong to the payload, a wrong count.
 */
export async function checkAgainstLedger(
  server: VectronProcess,
  ledger: WriteLedger,
): Promise<Map<string, number>> {
  const found = await readAll(server, ledger.ids())
  assert.deepEqual(ledger.violations(found).slice(0, 5), [])
  const count = await server.request('POST', `${ROUTE}/points:count`, {})
  assert.equal(count.status, 200, JSON.stringify(count.body))
  assert.equal(count.body.count, found.size)
  return found
}

async function readAll(server: VectronProcess, ids: string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (let from = 0; from < ids.length; from += READ_BATCH) {
    const answer = await server.request('POST', `${ROUTE}/points:batchGet`, {
      ids: ids.slice(from, from + READ_BATCH),
      withVector: true,
      consistency: 'strong',
    })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    for (const { id, vector, payload } of answer.body.points) {
      assert.deepEqual(vector, vectorOf(id, payload.value), `${id} has another write's vector`)
      found.set(id, payload.value)
    }
  }
  return found
}

/** Every search for a point's own vector finds it first, at distance 0. */
export async function checkSearchFinds(
  server: VectronProcess,
  found: ReadonlyMap<string, number>,
  random: Random,
  searches: number,
): Promise<void> {
  const all = [...found]
  for (let i = 0; i < searches; i++) {
    const [id, value] = all[random.nextBelow(all.length)]!
    const answer = await search(server, vectorOf(id, value), 1, { exact: i % 2 === 0 })
    assert.equal(answer.results[0]?.id, id)
    assert.equal(answer.results[0]?.score, 0)
    assert.equal(answer.complete, true)
  }
}

/** Recall@10 of graph searches against exact ones of the same server, over random queries. */
export async function measureRecall(
  server: VectronProcess,
  random: Random,
  queries: number,
): Promise<number> {
  let hits = 0
  for (let i = 0; i < queries; i++) {
    const query = Array.from({ length: DIMENSION }, () => random.nextFloat() * 2 - 1)
    const truth = await search(server, query, 10, { exact: true })
    const answer = await search(server, query, 10, { exact: false })
    const ids = new Set(truth.results.map((hit: { id: string }) => hit.id))
    hits += answer.results.filter((hit: { id: string }) => ids.has(hit.id)).length
  }
  return hits / (10 * queries)
}

/** Waits until every point is in the graph. */
export async function waitUntilIndexed(server: VectronProcess): Promise<void> {
  for (;;) {
    const { body } = await server.request('GET', ROUTE)
    if (body.indexedCount === body.pointsCount) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function search(
  server: VectronProcess,
  vector: number[],
  topK: number,
  { exact }: { exact: boolean },
) {
  const answer = await server.request('POST', `${ROUTE}/points:search`, { vector, topK, exact })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}
