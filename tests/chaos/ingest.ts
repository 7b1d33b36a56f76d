/**
 * Clients that load batches of points and search them, and what they were told.
 *
 * Each id has one writer. An id whose write had no answer is left alone from then on: the write may
 * still take effect much later, so only an id that was always answered has a certain last value.
 */
import type { Random } from '@vectron/base'
import type { WriteLedger } from '@vectron/testkit'
import type { ApiClient } from './api-client.ts'
import type { Tally } from './tally.ts'

export const POINTS = 'vectors'
export const DIMENSION = 24
const BATCH = 40
const PAUSE_MS = 120
const SEARCH_PAUSE_MS = 100
const TOP_K = 10
/** Batches that overwrite earlier points. */
const OVERWRITES = 0.25

export const POINTS_COLLECTION = {
  name: POINTS,
  dimension: DIMENSION,
  metric: 'l2',
  shardCount: 3,
  replicationFactor: 3,
  payloadSchema: { value: 'integer' },
}

export interface IngestOptions {
  readonly api: ApiClient
  /** Marks the ids of this writer. */
  readonly number: number
  readonly random: Random
  readonly ledger: WriteLedger
  readonly tally: Tally
  readonly isOver: () => boolean
}

/** The vector of one write: drawn from its value, so that a point tells which write it is of. */
export function vectorOf(value: number): number[] {
  let state = Math.imul(value, 0x9e3779b1) ^ 0x85ebca6b
  return Array.from({ length: DIMENSION }, () => {
    state = (state + 0x6d2b79f5) | 0
    const mixed = Math.imul(state ^ (state >>> 15), state | 1)
    return ((mixed ^ (mixed >>> 13)) & 511) / 256 - 1
  })
}

/** Loads batches until the run is over. */
export async function runWriter(options: IngestOptions): Promise<void> {
  const { random, isOver } = options
  const settled: string[] = []
  for (let batch = 0; !isOver(); batch++) {
    const isNew = settled.length < BATCH || random.nextFloat() >= OVERWRITES
    const ids = isNew
      ? Array.from({ length: BATCH }, (_, place) => `w${options.number}-${batch}-${place}`)
      : takeSome(settled, BATCH, random)
    if (await writeBatch(options, ids)) settled.push(...ids)
    await pause(PAUSE_MS)
  }
}

/** True when the batch was acknowledged, or never arrived. */
async function writeBatch(options: IngestOptions, ids: readonly string[]): Promise<boolean> {
  const { api, ledger, tally } = options
  const writes = ids.map((id) => ({ id, value: ledger.nextValue() }))
  for (const { id, value } of writes) ledger.send(id, value)
  const points = writes.map(({ id, value }) => ({
    id,
    vector: vectorOf(value),
    payload: { value },
  }))
  const answer = await api.send('POST', `/v1/collections/${POINTS}/points:upsert`, { points })
  if (answer.kind === 'answered' && answer.status === 200) {
    for (const { id, value } of writes) ledger.acknowledge(id, value)
    tally.batches++
    tally.points += ids.length
    tally.acknowledged(POINTS)
    return true
  }
  tally.failed('batch', answer)
  return false
}

/** Searches until the run is over; every point found must have been written. */
export async function runSearcher(options: IngestOptions): Promise<void> {
  const { api, random, tally, ledger, isOver } = options
  while (!isOver()) {
    tally.searches++
    const vector = Array.from({ length: DIMENSION }, () => random.nextFloat() * 2 - 1)
    const body = { vector, topK: TOP_K }
    const answer = await api.send('POST', `/v1/collections/${POINTS}/points:search`, body)
    if (answer.kind === 'answered' && answer.status === 200) {
      for (const { id, payload } of answer.body.results) {
        if (ledger.wasSent(id, payload.value)) continue
        tally.inexcusable.push(`a search found ${id} with ${payload.value}, never written`)
      }
    } else {
      tally.searchesFailed++
      tally.failed('search', answer)
    }
    await pause(SEARCH_PAUSE_MS)
  }
}

/** Takes random ones out of the list: each is in at most one batch at a time. */
function takeSome(ids: string[], count: number, random: Random): string[] {
  return Array.from({ length: count }, () => {
    const place = random.nextBelow(ids.length)
    const [taken] = ids.splice(place, 1)
    return taken as string
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
