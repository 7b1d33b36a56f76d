/**
 * Clients that read, write, delete and compare-and-set a few registers, and the history of it.
 *
 * A register is a point whose payload holds the value. A write upserts it; a strong read gets it; a
 * compare-and-set changes the payload of the point that has this id and this value, which the shard
 * decides when it applies the command: one point was changed, or none.
 *
 * Values are never written twice. Registers are left for new ones every few seconds, so that the
 * history of each stays short enough to be checked, however long the run.
 */
import type { Random } from '@vectron/base'
import type { HistoryRecorder, RegisterInput, RegisterOutput } from '@vectron/testkit'
import type { Answer, ApiClient } from './api-client.ts'
import type { Tally } from './tally.ts'

/** One shard each, so that their leaders are on different workers. */
export const REGISTER_COLLECTIONS = ['registers-0', 'registers-1', 'registers-2'] as const
/** Registers of one collection that are in use at once. */
const REGISTERS = 2
const PERIOD_MS = 8_000
const PAUSE_MS = 25

export type RegisterRecorder = HistoryRecorder<RegisterInput, RegisterOutput>

export interface RegisterClientOptions {
  readonly api: ApiClient
  readonly number: number
  readonly random: Random
  readonly recorder: RegisterRecorder
  readonly tally: Tally
  readonly isOver: () => boolean
}

export function registerCollection(name: string) {
  return {
    name,
    dimension: 2,
    metric: 'l2',
    shardCount: 1,
    replicationFactor: 3,
    payloadSchema: { value: 'keyword' },
  }
}

/** Runs one client until the run is over. */
export async function runRegisterClient(options: RegisterClientOptions): Promise<void> {
  const client = new RegisterClient(options)
  while (!options.isOver()) {
    await client.doSomething()
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

/** Reads every register once, after the cluster has healed, as part of the history. */
export async function readAllRegisters(
  recorder: RegisterRecorder,
  options: Omit<RegisterClientOptions, 'isOver' | 'number'>,
): Promise<void> {
  const keys = new Set(recorder.history().map(({ key }) => key))
  const client = new RegisterClient({ ...options, number: 1000, isOver: () => false })
  for (const key of keys) await client.read(key)
}

class RegisterClient {
  readonly #options: RegisterClientOptions
  /** What it saw last in each register, to compare with. */
  readonly #seen = new Map<string, string | null>()
  #writes = 0

  constructor(options: RegisterClientOptions) {
    this.#options = options
  }

  doSomething(): Promise<void> {
    const key = this.#chooseKey()
    const chance = this.#options.random.nextFloat()
    if (chance < 0.4) return this.read(key)
    const seen = this.#seen.get(key)
    if (chance < 0.6 && seen != null) return this.#compareAndSet(key, seen)
    return chance < 0.65 ? this.#delete(key) : this.#write(key)
  }

  async read(key: string): Promise<void> {
    const operation = this.#call(key, { kind: 'read' })
    const { collection, id } = placeOf(key)
    const route = `/v1/collections/${collection}/points/${id}?consistency=strong`
    const answer = await this.#options.api.send('GET', route)
    const value = valueRead(answer)
    // A read without an answer tells nothing.
    if (value === undefined) return this.#forget(operation, answer)
    this.#seen.set(key, value)
    operation.returned({ kind: 'value', value })
  }

  async #write(key: string): Promise<void> {
    const value = this.#newValue()
    const operation = this.#call(key, { kind: 'write', value })
    const { collection, id } = placeOf(key)
    const points = [{ id, vector: [1, this.#writes], payload: { value } }]
    const route = `/v1/collections/${collection}/points:upsert`
    const answer = await this.#options.api.send('POST', route, { points })
    if (!isDone(answer)) return this.#leaveOpen(operation, answer)
    this.#acknowledge(key, value)
    operation.returned({ kind: 'written' })
  }

  async #delete(key: string): Promise<void> {
    const operation = this.#call(key, { kind: 'write', value: null })
    const { collection, id } = placeOf(key)
    const route = `/v1/collections/${collection}/points:delete`
    const answer = await this.#options.api.send('POST', route, { ids: [id] })
    if (!isDone(answer)) return this.#leaveOpen(operation, answer)
    this.#acknowledge(key, null)
    operation.returned({ kind: 'written' })
  }

  async #compareAndSet(key: string, expected: string): Promise<void> {
    const value = this.#newValue()
    const operation = this.#call(key, { kind: 'compare-and-set', expected, value })
    const { collection, id } = placeOf(key)
    const filter = { must: [{ hasId: [id] }, { field: 'value', match: expected }] }
    const route = `/v1/collections/${collection}/points:updatePayload`
    const answer = await this.#options.api.send('POST', route, { filter, set: { value } })
    if (!isDone(answer)) return this.#leaveOpen(operation, answer)
    const swapped = answer.body.affected === 1
    if (swapped) this.#acknowledge(key, value)
    operation.returned({ kind: 'compared', swapped })
  }

  #call(key: string, input: RegisterInput) {
    const { recorder, number, tally } = this.#options
    tally.registerOperations++
    return recorder.call({ client: number, key, input })
  }

  #acknowledge(key: string, value: string | null): void {
    this.#seen.set(key, value)
    this.#options.tally.acknowledged(placeOf(key).collection)
  }

  #forget(operation: { refused(): void }, answer: Answer): void {
    this.#options.tally.failed('read', answer)
    operation.refused()
  }

  #leaveOpen(operation: { refused(): void; unknown(): void }, answer: Answer): void {
    this.#options.tally.failed('write', answer)
    if (answer.kind === 'unreached') {
      operation.refused()
    } else {
      this.#options.tally.registerUnknown++
      operation.unknown()
    }
  }

  #newValue(): string {
    return `${this.#options.number}.${++this.#writes}`
  }

  #chooseKey(): string {
    const { random } = this.#options
    const period = Math.floor(performance.now() / PERIOD_MS)
    const collection = REGISTER_COLLECTIONS[random.nextBelow(REGISTER_COLLECTIONS.length)]
    return `${collection}/r${period}-${random.nextBelow(REGISTERS)}`
  }
}

function placeOf(key: string): { readonly collection: string; readonly id: string } {
  const [collection = '', id = ''] = key.split('/')
  return { collection, id }
}

function isDone(answer: Answer): answer is Extract<Answer, { kind: 'answered' }> {
  return answer.kind === 'answered' && answer.status === 200
}

/** null: there is no such point; undefined: no answer. */
function valueRead(answer: Answer): string | null | undefined {
  if (answer.kind !== 'answered') return undefined
  if (answer.status === 200) return answer.body.payload.value
  return answer.body.reason === 'POINT_NOT_FOUND' ? null : undefined
}
