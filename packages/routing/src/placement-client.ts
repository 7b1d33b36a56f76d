/**
 * PlacementClient: one client for a placement of several members, whichever of them leads.
 *
 * Satisfies the same interface as a client of one member, so callers cannot tell the difference. It
 * keeps the leader that it found, follows the address in NOT_LEADER, and looks for another leader
 * when the one at hand is gone or silent. Silence is no failure yet: while the answer is awaited,
 * the members are probed, and only when another one leads is the call moved there.
 *
 * What may be sent twice says the method's `idempotency_level`. A call that may not goes only to a
 * member that has just answered as leader, is never sent again once it may have arrived, and ends
 * with OUTCOME_UNKNOWN when nobody can tell what became of it.
 */

import type { DescMethod } from '@bufbuild/protobuf'
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt'
import {
  assert,
  backoffMs,
  type Clock,
  type Deadline,
  deadlineAfter,
  isVectronError,
  LIMITS,
  type Random,
  sleep,
  VectronError,
} from '@vectron/base'
import { placement } from '@vectron/contracts'
import { type CallOptions, type Client, hasReachedNobody, isConnectionFailure } from '@vectron/rpc'
import { LeaderFinder, leaderHint } from './leader-finder.ts'

export type PlacementClient = Client<typeof placement.Placement>

export interface PlacementClientOptions {
  /** Addresses of the members, one to five; any of them may be down. */
  readonly members: readonly string[]
  /** A client of the member at an address; called once for each. */
  readonly connect: (address: string) => PlacementClient
  readonly clock: Clock
  readonly random: Random
}

/** Milliseconds without an answer after which the members are probed for another leader. */
const PATIENCE_MS = 300
/** Before a call that was refused goes out for the third time, and again. */
const BACKOFF = { firstMs: 20, maxMs: 500 }

type UnaryCall = (request: object, options: CallOptions) => Promise<object>

export function createPlacementClient(options: PlacementClientOptions): PlacementClient {
  const { clock, random, members } = options
  assert(members.length > 0, 'a placement has members')
  const doors = new Map<string, PlacementClient>()
  const doorTo = (address: string): PlacementClient => {
    const door = doors.get(address) ?? options.connect(address)
    doors.set(address, door)
    return door
  }
  const finder = new LeaderFinder({ members, doorTo, clock, random })
  const methods = placement.Placement.methods.map((method) => {
    assert(method.methodKind === 'unary', 'every method of placement is unary')
    const calls = new FailoverCalls({ method, doorTo, finder, clock, random })
    const call = (request: object, callOptions?: CallOptions) => calls.call(request, callOptions)
    return [method.localName, call]
  })
  return Object.fromEntries(methods)
}

interface FailoverOptions {
  readonly method: DescMethod
  readonly doorTo: (address: string) => PlacementClient
  readonly finder: LeaderFinder
  readonly clock: Clock
  readonly random: Random
}

/** How one try of a call ended. */
type Tried =
  | { readonly kind: 'answered'; readonly answer: object }
  /** Certainly not carried out, or fit to be carried out twice. */
  | { readonly kind: 'again'; readonly error: unknown }

/** The calls of one method. */
class FailoverCalls {
  readonly #options: FailoverOptions
  readonly #mayRepeat: boolean

  constructor(options: FailoverOptions) {
    this.#options = options
    const { idempotency } = options.method
    this.#mayRepeat = idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN
  }

  async call(request: object, options: CallOptions = {}): Promise<object> {
    const { clock, finder } = this.#options
    const deadline = deadlineAfter(clock, options.timeoutMs ?? LIMITS.requestTimeoutMsDefault)
    for (let tries = 1; ; tries++) {
      const known = this.#mayRepeat ? finder.leader : undefined
      const leader = known ?? (await finder.find(deadline, options.signal))
      const tried = await this.#try(leader, request, { ...options, deadline })
      if (tried.kind === 'answered') return tried.answer
      if (!(await this.#pause(tries, deadline, options.signal))) throw tried.error
    }
  }

  async #try(
    leader: string,
    request: object,
    options: CallOptions & { readonly deadline: Deadline },
  ): Promise<Tried> {
    const { method, doorTo, finder } = this.#options
    const watch = this.#watch(leader, request, options)
    try {
      const send = doorTo(leader)[method.localName as keyof PlacementClient] as UnaryCall
      const timeoutMs = options.deadline.remainingMs()
      const answer = await send(request, { ...options, timeoutMs, signal: watch.signal })
      return { kind: 'answered', answer }
    } catch (error) {
      if (watch.movedTo() !== undefined) return this.#onLost(error)
      if (isVectronError(error, 'NOT_LEADER')) {
        finder.forget(leader)
        const hint = leaderHint(error)
        if (hint !== undefined && hint !== leader) finder.suppose(hint)
        return { kind: 'again', error }
      }
      if (!isMemberGone(error)) throw error
      finder.forget(leader)
      return hasReachedNobody(error) ? { kind: 'again', error } : this.#onLost(error)
    } finally {
      watch.end()
    }
  }

  /** The member was lost while it had the call. */
  #onLost(error: unknown): Tried {
    if (this.#mayRepeat) return { kind: 'again', error }
    // A member that answered this knows that nothing was done.
    if (isVectronError(error, 'UNAVAILABLE') && !isConnectionFailure(error)) throw error
    throw new VectronError(
      'OUTCOME_UNKNOWN',
      `Placement's leader was lost during ${this.#options.method.name}; it may have been done.`,
      { subject: 'placement', cause: error },
    )
  }

  /**
   * Ends the call of a silent member once another one is found to lead. Probes for as long as the
   * silence lasts; a member that leads and is only slow is left in peace.
   */
  #watch(
    leader: string,
    request: object,
    { signal, deadline }: CallOptions & { readonly deadline: Deadline },
  ) {
    const { clock, finder } = this.#options
    const ending = new AbortController()
    const leave = () => ending.abort()
    if (signal?.aborted) leave()
    signal?.addEventListener('abort', leave, { once: true })
    let movedTo: string | undefined
    let ended = false
    const look = async () => {
      const found = await finder.find(deadline, signal).catch(() => leader)
      if (ended) return
      if (found === leader) {
        cancel = clock.setTimer(PATIENCE_MS, look)
        return
      }
      movedTo = found
      ending.abort()
    }
    let cancel = clock.setTimer(PATIENCE_MS + waitOf(request), look)
    return {
      signal: ending.signal,
      movedTo: () => movedTo,
      end: () => {
        ended = true
        cancel()
        signal?.removeEventListener('abort', leave)
      },
    }
  }

  /** False when the deadline leaves no room for another try. */
  async #pause(tries: number, deadline: Deadline, signal?: AbortSignal): Promise<boolean> {
    const { clock, random } = this.#options
    // The first goes out at once: another leader is usually all that was missing.
    if (tries === 1) return !deadline.passed
    const pauseMs = backoffMs(BACKOFF, tries - 2, random)
    if (deadline.remainingMs() <= pauseMs) return false
    await sleep(clock, pauseMs, signal).catch(() => {})
    return signal?.aborted !== true
  }
}

/** Milliseconds that placement is asked to keep the answer back: no silence until then. */
function waitOf(request: object): number {
  return (request as { readonly waitMs?: number }).waitMs ?? 0
}

/** Failures of the member, not of the call: another one may do better. */
function isMemberGone(error: unknown): boolean {
  return (
    isVectronError(error, 'UNAVAILABLE') ||
    isVectronError(error, 'SHARD_UNAVAILABLE') ||
    isVectronError(error, 'OUTCOME_UNKNOWN')
  )
}
