/**
 * LeaderFinder: which member of placement leads, found by asking any of them.
 *
 * A member that leads answers a probe, the others refuse it and may know who leads. Every member is
 * asked side by side, each at its own pace, so one that is dead, paused or cut off costs the others
 * nothing; the first that answers as leader ends the search. Callers that search at the same time
 * share one search.
 *
 * Whoever it finds has led a moment ago, no more: the answer is never trusted, only tried.
 */

import {
  type Clock,
  type Deadline,
  isVectronError,
  type Random,
  sleep,
  VectronError,
  withDeadline,
} from '@vectron/base'
import type { PlacementDoor } from './doors.ts'

/** Milliseconds that a probe waits at first; doubled for each further one of the same member. */
const PROBE_MS_FIRST = 300
const PROBE_MS_MAX = 2400
/** Milliseconds between a refusal and the next probe of the same member, with jitter. */
const PROBE_PAUSE_MS = 60

export interface LeaderFinderOptions {
  /** Addresses of the members. */
  readonly members: readonly string[]
  readonly doorTo: (address: string) => PlacementDoor
  readonly clock: Clock
  readonly random: Random
}

interface Search {
  readonly found: Promise<string>
  readonly ending: AbortController
  waiters: number
}

export class LeaderFinder {
  readonly #options: LeaderFinderOptions
  #leader: string | undefined
  #search: Search | undefined
  /** Spares the leader from sending a table that is known to be current. */
  #knownVersion = 0n

  constructor(options: LeaderFinderOptions) {
    this.#options = options
  }

  /** Who led when last heard of. */
  get leader(): string | undefined {
    return this.#leader
  }

  /** Takes somebody's word for who leads. */
  suppose(address: string): void {
    this.#leader = address
  }

  /** The member does not lead, or does not answer. */
  forget(address: string): void {
    if (this.#leader === address) this.#leader = undefined
  }

  /**
   * A member that has just answered as leader.
   *
   * @throws VectronError UNAVAILABLE when none has by the deadline; CANCELLED when the signal
   *   aborts.
   */
  async find(deadline: Deadline, signal?: AbortSignal): Promise<string> {
    this.#search ??= this.#begin()
    const search = this.#search
    search.waiters++
    const left = Promise.withResolvers<never>()
    const leave = () => left.reject(new VectronError('CANCELLED', 'The caller ended the request.'))
    if (signal?.aborted) leave()
    signal?.addEventListener('abort', leave, { once: true })
    const { clock, members } = this.#options
    const first = Promise.race([search.found, left.promise])
    try {
      return await withDeadline(clock, deadline, 'the search', first)
    } catch (cause) {
      if (!isVectronError(cause, 'DEADLINE_EXCEEDED')) throw cause
      throw new VectronError(
        'UNAVAILABLE',
        `No member of placement leads; asked ${members.join(', ')}.`,
        { subject: 'placement', cause },
      )
    } finally {
      signal?.removeEventListener('abort', leave)
      search.waiters--
      if (search.waiters === 0) this.#end(search)
    }
  }

  #begin(): Search {
    const ending = new AbortController()
    const { promise, resolve } = Promise.withResolvers<string>()
    const asked = new Set<string>()
    const ask = (address: string) => {
      if (asked.has(address)) return
      asked.add(address)
      void this.#probeUntilLeads(address, { signal: ending.signal, onHint: ask }).then((leads) => {
        if (!leads || ending.signal.aborted) return
        this.#leader = address
        resolve(address)
        ending.abort()
      })
    }
    const { members } = this.#options
    for (const address of this.#leader === undefined ? members : [this.#leader, ...members]) {
      ask(address)
    }
    return { found: promise, ending, waiters: 0 }
  }

  #end(search: Search): void {
    search.ending.abort()
    if (this.#search === search) this.#search = undefined
  }

  /** Probes one member again and again; true once it answers as leader, false when ended. */
  async #probeUntilLeads(
    address: string,
    search: { readonly signal: AbortSignal; readonly onHint: (address: string) => void },
  ): Promise<boolean> {
    const { clock, random } = this.#options
    let timeoutMs = PROBE_MS_FIRST
    while (!search.signal.aborted) {
      try {
        await this.#probe(address, timeoutMs, search.signal)
        return true
      } catch (error) {
        const hint = leaderHint(error)
        if (hint !== undefined) search.onHint(hint)
        timeoutMs = Math.min(PROBE_MS_MAX, 2 * timeoutMs)
      }
      const pauseMs = PROBE_PAUSE_MS * (0.5 + random.nextFloat())
      await sleep(clock, pauseMs, search.signal).catch(() => {})
    }
    return false
  }

  async #probe(address: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const door = this.#options.doorTo(address)
    const knownVersion = this.#knownVersion
    const answer = await door.getRouting({ knownVersion }, { timeoutMs, signal })
    if (answer.table !== undefined) this.#knownVersion = answer.table.version
  }
}

/** The leader's address in a refusal of a member that knows it. */
export function leaderHint(error: unknown): string | undefined {
  if (!isVectronError(error, 'NOT_LEADER')) return undefined
  const address = error.metadata?.['leaderAddress']
  return address === '' ? undefined : address
}
