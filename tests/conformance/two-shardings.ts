/**
 * The same random points in a collection of one shard and in one of many, for tests that prove that
 * searches answer alike however points are divided, over both protocols.
 */
import assert from 'node:assert/strict'
import { type Random, seededRandom, testSeed } from '@vectron/base'
import { BothProtocols } from './both-protocols.ts'
import type { Answer, Json } from './exchanges.ts'
import type { TestVectron } from './running-vectron.ts'

export type Fields = { [name: string]: Json }

export interface TestPoint {
  readonly id: string
  readonly vector: number[]
  readonly payload: Fields
}

export interface ShardedOptions {
  readonly name: string
  readonly metric: 'cosine' | 'dot' | 'l2'
  readonly points: readonly TestPoint[]
  /** More of the collection's settings. */
  readonly settings?: Fields
}

const MANY_SHARDS = 4
/** Fields of an answer that tell how it came about. */
const PASSING = ['cache', 'tookUs', 'explanation', 'plans']

export class TwoShardings {
  readonly #vectron: BothProtocols
  readonly #names: readonly [string, string]

  static async create(
    running: TestVectron,
    { name, metric, points, settings = {} }: ShardedOptions,
  ): Promise<TwoShardings> {
    const vectron = await BothProtocols.open(running)
    const names = [`${name}-one`, `${name}-many`] as const
    const dimension = points[0]?.vector.length ?? 1
    for (const [collection, shardCount] of [
      [names[0], 1],
      [names[1], MANY_SHARDS],
    ] as const) {
      const request = { name: collection, dimension, metric, shardCount, ...settings }
      await vectron.change('createCollection', request)
    }
    const both = new TwoShardings(vectron, names)
    if (points.length > 0) await both.upsert(points)
    return both
  }

  private constructor(vectron: BothProtocols, names: readonly [string, string]) {
    this.#vectron = vectron
    this.#names = names
  }

  async upsert(points: readonly TestPoint[]): Promise<void> {
    const inputs = points.map(({ id, vector, payload }): Json => ({ id, vector, payload }))
    await this.change('upsertPoints', { points: inputs })
  }

  async change(operation: string, request: Fields): Promise<void> {
    for (const collection of this.#names) {
      await this.#vectron.change(operation, { collection, ...request })
    }
  }

  /** What both collections answer alike. `passing`: more fields that need not be equal. */
  async search(request: Fields, passing: readonly string[] = []): Promise<Answer> {
    const one = await this.searchAt(request, 0)
    const many = await this.searchAt(request, 1)
    const uneven = [...PASSING, 'shardsTotal', 'shardsAnswered', 'nextPageToken', ...passing]
    const alike = (answer: Answer) => {
      const results = ranked(answer.results)
      const text = JSON.stringify({ ...answer, results }, (name, value) =>
        uneven.includes(name) ? null : value,
      )
      return JSON.parse(text)
    }
    assert.deepEqual(alike(many), alike(one), JSON.stringify(request))
    return { ...many, results: ranked(many.results) }
  }

  /** The answer of one shard (0) or of many (1), the same over both protocols. */
  searchAt(request: Fields, place: 0 | 1): Promise<Answer> {
    const collection = this.#names[place]
    return this.#vectron.ask('search', { collection, consistency: 'strong', ...request }, PASSING)
  }

  /** The answers of one shard and of many to several searches at once. */
  async batch(searches: readonly Fields[]): Promise<[Answer, Answer]> {
    const ask = (collection: string) =>
      this.#vectron.ask('batchSearch', { collection, searches: [...searches] }, PASSING)
    return [await ask(this.#names[0]), await ask(this.#names[1])]
  }

  /** The refusal, in the same words by both. */
  async refusal(request: Fields) {
    const [one, many] = await Promise.all(
      this.#names.map(async (collection) => {
        const said = await this.#vectron.refusal('search', { collection, ...request })
        return { ...said, message: said.message.replaceAll(collection, 'collection') }
      }),
    )
    assert.deepEqual(many, one)
    assert.ok(one)
    return one
  }
}

export function randomVector(random: Random, dimension: number): number[] {
  return Array.from({ length: dimension }, () => random.nextFloat() - 0.5)
}

/** A seed that a failure prints, and what it gives. */
export function testRandom(): { readonly random: Random; readonly replay: string } {
  const seed = testSeed()
  return { random: seededRandom(seed), replay: `VECTRON_SEED=${seed}` }
}

/**
 * Results with those of equal scores in the order of their ids: which of them comes first is each
 * collection's own affair.
 */
export function ranked(results: readonly Answer[]): Answer[] {
  const runs: Answer[][] = []
  for (const result of results) {
    const run = runs.at(-1)
    if (run !== undefined && run[0].score === result.score) run.push(result)
    else runs.push([result])
  }
  return runs.flatMap((run) => run.sort((a, b) => (a.id < b.id ? -1 : 1)))
}

/** The results as ids. */
export function idsOf({ results }: Answer): string[] {
  return (results as Answer[]).map(({ id }) => id)
}

export function scoresOf({ results }: Answer): number[] {
  return (results as Answer[]).map(({ score }) => score)
}
