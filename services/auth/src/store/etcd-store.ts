/**
 * The credential store of several instances: a prefix of an etcd cluster (3.4 or newer).
 *
 * Endpoints are tried in turn, each with a short time of its own, so that one dead or cut-off
 * member costs a moment and not the request. Reads are linearizable. A commit whose answer is lost
 * is not sent again: it may have happened, and the caller reads before it repeats.
 *
 * A watch resumes where it was interrupted. When etcd has compacted that revision away, or answers
 * from a member that lags, watchers are told to read everything again.
 */

import type { MessageInitShape } from '@bufbuild/protobuf'
import { type Clock, isVectronError, sleep, toVectronError, VectronError } from '@vectron/base'
import { etcd } from '@vectron/contracts'
import type { Client } from '@vectron/rpc'
import {
  type CredentialStore,
  prefixEnd,
  STORE_CURRENT_MS,
  type StoreCommit,
  type StoredRecord,
  type StoreEvent,
} from './credential-store.ts'

/** One etcd member. */
export interface EtcdDoor {
  readonly kv: Client<typeof etcd.KV>
  readonly watch: Client<typeof etcd.Watch>
  readonly lease: Client<typeof etcd.Lease>
  close(): void
}

export interface EtcdStoreOptions {
  /** `host:port` of each member. */
  readonly endpoints: readonly string[]
  /** Everything lies under this. */
  readonly prefix: string
  readonly connect: (endpoint: string) => EtcdDoor
  readonly clock: Clock
}

/** Milliseconds for one member to answer; a member without a leader does not. */
const TRY_MS = 2000
/** Milliseconds for all members together. */
const CALL_MS = 6000
const LIST_PAGE = 1000
const WATCH_PAUSE_MS = 200
/** Questions of how far a watch is, four a second, after which its member is taken for gone. */
const UNANSWERED_MAX = 6

export function openEtcdStore(options: EtcdStoreOptions): CredentialStore {
  return new EtcdStore(options)
}

class EtcdStore implements CredentialStore {
  readonly #options: EtcdStoreOptions
  readonly #doors: readonly EtcdDoor[]
  /** The member that answered last. */
  #preferred = 0
  #isClosed = false

  constructor(options: EtcdStoreOptions) {
    this.#options = options
    this.#doors = options.endpoints.map((endpoint) => options.connect(endpoint))
  }

  async get(key: string): Promise<StoredRecord | undefined> {
    const request = { key: this.#encode(key) }
    const { kvs } = await this.#call((door, timeoutMs) => door.kv.range(request, { timeoutMs }))
    return kvs[0] === undefined ? undefined : this.#toRecord(kvs[0])
  }

  async list(prefix: string): Promise<StoredRecord[]> {
    const rangeEnd = prefixEnd(this.#encode(prefix))
    const records: StoredRecord[] = []
    let key = this.#encode(prefix)
    // Every page is read at the revision of the first: the list is of one moment.
    let revision = 0n
    for (;;) {
      const request = { key, rangeEnd, limit: BigInt(LIST_PAGE), revision }
      const page = await this.#call((door, timeoutMs) => door.kv.range(request, { timeoutMs }))
      records.push(...page.kvs.map((kv) => this.#toRecord(kv)))
      const last = page.kvs.at(-1)
      if (!page.more || last === undefined) return records
      revision ||= page.header?.revision ?? 0n
      key = Uint8Array.of(...last.key, 0)
    }
  }

  async commit(change: StoreCommit): Promise<boolean> {
    const leases = await this.#grantLeases(change)
    const { expect = [], put = [], remove = [] } = change
    const request = {
      compare: expect.map(({ key, revision }) => ({
        result: etcd.Compare_CompareResult.EQUAL,
        target: etcd.Compare_CompareTarget.MOD,
        key: this.#encode(key),
        targetUnion: { case: 'modRevision' as const, value: revision },
      })),
      success: [
        ...remove.map((key) => ({
          request: { case: 'requestDeleteRange' as const, value: { key: this.#encode(key) } },
        })),
        ...put.map(({ key, value, ttlMs }) => ({
          request: {
            case: 'requestPut' as const,
            value: {
              key: this.#encode(key),
              value: toUtf8(value),
              lease: ttlMs === undefined ? 0n : (leases.get(ttlMs) ?? 0n),
            },
          },
        })),
      ],
    }
    // Only a member that was never reached is passed over: elsewhere the commit may have happened.
    const answer = await this.#call(
      (door, timeoutMs) => door.kv.txn(request, { timeoutMs }),
      'unless-sent',
    )
    return answer.succeeded
  }

  async *watch(prefix: string, signal: AbortSignal): AsyncIterable<StoreEvent> {
    /** Revision from which events are still to come; 0n: from now on. */
    let next = 0n
    while (!signal.aborted && !this.#isClosed) {
      const watch = this.#openWatch(prefix, next, signal)
      try {
        for await (const response of watch.responses) {
          if (wasCompacted(response)) {
            next = 0n
            break
          }
          const revision = response.header?.revision ?? 0n
          if (response.created && next === 0n) {
            yield { kind: 'reset' }
            next = revision + 1n
          }
          yield* this.#toEvents(response, watch.fence.passedBy(revision))
          // The word of how far it is may overtake events, before etcd 3.4.25 and 3.5.8.
          for (const { kv } of response.events) next = maxOf(next, (kv?.modRevision ?? 0n) + 1n)
        }
      } catch {
        // Interrupted: the next member goes on from `next`.
      } finally {
        watch.close()
      }
      this.#preferred = (this.#preferred + 1) % this.#doors.length
      await sleep(this.#options.clock, WATCH_PAUSE_MS, signal).catch(() => {})
    }
  }

  close(): void {
    this.#isClosed = true
    for (const door of this.#doors) door.close()
  }

  #openWatch(prefix: string, startRevision: bigint, signal: AbortSignal): OpenWatch {
    const key = this.#encode(prefix)
    const value = { key, rangeEnd: prefixEnd(key), startRevision }
    const ending = new AbortController()
    const ended = AbortSignal.any([signal, ending.signal])
    const fence = new Fence()
    const asking = { fence, signal: ended, giveUp: () => ending.abort() }
    const requests = this.#watchRequests({ case: 'createRequest', value }, asking)
    return {
      responses: this.#preferredDoor().watch.watch(requests, { signal: ended }),
      fence,
      close: () => ending.abort(),
    }
  }

  /**
   * What is sent on a watch: its creation, then again and again the question how far it is. Each
   * question follows a linearizable read, whose revision the watch must have reached: a member that
   * is cut off from the others answers the watch, but not the read, and one that stands still
   * neither: the watch goes to another one then.
   */
  async *#watchRequests(
    create: WatchCreation,
    { fence, signal, giveUp }: Asking,
  ): AsyncIterable<MessageInitShape<typeof etcd.WatchRequestSchema>> {
    yield { requestUnion: create }
    while (!signal.aborted && !this.#isClosed) {
      await sleep(this.#options.clock, STORE_CURRENT_MS, signal).catch(() => {})
      if (signal.aborted) return
      const request = { key: create.value.key, limit: 1n }
      const read = await this.#call((door, timeoutMs) =>
        door.kv.range(request, { timeoutMs }),
      ).catch(() => undefined)
      if (read?.header === undefined) continue
      if (fence.raised >= UNANSWERED_MAX) giveUp()
      fence.raise(read.header.revision)
      yield { requestUnion: { case: 'progressRequest', value: {} } }
    }
  }

  /** One lease for each time to live that the commit names. */
  async #grantLeases({ put = [] }: StoreCommit): Promise<ReadonlyMap<number, bigint>> {
    const leases = new Map<number, bigint>()
    for (const { ttlMs } of put) {
      if (ttlMs === undefined || leases.has(ttlMs)) continue
      const request = { TTL: BigInt(Math.ceil(ttlMs / 1000)) }
      const { ID } = await this.#call((door, timeoutMs) =>
        door.lease.leaseGrant(request, { timeoutMs }),
      )
      leases.set(ttlMs, ID)
    }
    return leases
  }

  /** Asks one member after the other, from the one that answered last. */
  async #call<T>(
    attempt: (door: EtcdDoor, timeoutMs: number) => Promise<T>,
    rule: 'always' | 'unless-sent' = 'always',
  ): Promise<T> {
    const endUs = this.#options.clock.monotonicUs() + CALL_MS * 1000
    let failure: VectronError | undefined
    for (let number = 0; number < this.#doors.length + 1; number++) {
      const remainingMs = (endUs - this.#options.clock.monotonicUs()) / 1000
      if (remainingMs <= 0) break
      try {
        return await attempt(this.#preferredDoor(), Math.min(TRY_MS, remainingMs))
      } catch (error) {
        failure = toVectronError(error)
        const wasRefused = isVectronError(error, 'UNAVAILABLE')
        if (rule === 'unless-sent' && !wasRefused) break
        this.#preferred = (this.#preferred + 1) % this.#doors.length
      }
    }
    const { endpoints } = this.#options
    throw new VectronError(
      'UNAVAILABLE',
      `etcd at ${endpoints.join(', ')} does not answer: ${failure?.message ?? 'no time left'}`,
      { subject: 'etcd', ...(failure === undefined ? {} : { cause: failure }) },
    )
  }

  #preferredDoor(): EtcdDoor {
    const door = this.#doors[this.#preferred]
    if (door === undefined) throw new VectronError('INTERNAL', 'etcd has no endpoint.')
    return door
  }

  #toEvents({ events }: etcd.WatchResponse, isCurrent: boolean): StoreEvent[] {
    const told = events.map((event) => this.#toEvent(event))
    return isCurrent ? [...told, { kind: 'current' }] : told
  }

  #toEvent({ type, kv }: etcd.Event): StoreEvent {
    if (kv === undefined) return { kind: 'reset' }
    if (type === etcd.Event_EventType.DELETE) return { kind: 'removed', key: this.#decode(kv.key) }
    return { kind: 'put', record: this.#toRecord(kv) }
  }

  #toRecord(kv: etcd.KeyValue): StoredRecord {
    return { key: this.#decode(kv.key), value: fromUtf8(kv.value), revision: kv.modRevision }
  }

  #encode(key: string): Uint8Array {
    return toUtf8(this.#options.prefix + key)
  }

  #decode(key: Uint8Array): string {
    return fromUtf8(key).slice(this.#options.prefix.length)
  }
}

const maxOf = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/** The watch has ended, or cannot go on from where it was. */
function wasCompacted({ canceled, compactRevision }: etcd.WatchResponse): boolean {
  return canceled || compactRevision > 0n
}

/** The revision that a watch must reach before it counts as current. */
class Fence {
  #revision: bigint | undefined
  /** Times that it was raised since it was passed. */
  raised = 0

  raise(revision: bigint): void {
    this.#revision = revision
    this.raised += 1
  }

  /** true once for each time it was raised. */
  passedBy(revision: bigint): boolean {
    if (this.#revision === undefined || revision < this.#revision) return false
    this.#revision = undefined
    this.raised = 0
    return true
  }
}

/** What the questions of a watch are about. */
interface Asking {
  readonly fence: Fence
  readonly signal: AbortSignal
  /** Ends this watch, so that another one is opened. */
  readonly giveUp: () => void
}

interface OpenWatch {
  readonly responses: AsyncIterable<etcd.WatchResponse>
  readonly fence: Fence
  close(): void
}

interface WatchCreation {
  readonly case: 'createRequest'
  readonly value: {
    readonly key: Uint8Array
    readonly rangeEnd: Uint8Array
    readonly startRevision: bigint
  }
}

const toUtf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const fromUtf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
