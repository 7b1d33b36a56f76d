/**
 * One round of reading shards from their replicas: each shard is asked of one worker, all shards of
 * a worker in one request, and again of another worker when that one fails or is late.
 *
 * Late is later than nineteen of twenty answers of that shard (hedging, as in Dean and Barroso, The
 * Tail at Scale, 2013). The first answer of a shard counts, and a request whose shards have all
 * been answered elsewhere is ended. Second requests of this kind have a budget; those that replace
 * a failed one need none, and neither do those for a session: a replica that is behind its token
 * answers in its own time, the leader at once.
 *
 * A round ends when every shard was answered or all its replicas have failed. What to do about the
 * latter is the caller's: newer routing, another round, an error.
 */

import {
  type CancelTimer,
  type Deadline,
  isErrorReason,
  type ShardId,
  toVectronError,
  VectronError,
  type WorkerId,
} from '@vectron/base'
import type { worker } from '@vectron/contracts'
import type { CallOptions } from '@vectron/rpc'
import type { WorkerDoor } from './doors.ts'
import type { ReadFreshness } from './fan-out.ts'
import { chooseLeader, chooseReplica } from './replica-choice.ts'
import type { Router } from './router.ts'
import type { ShardRoute, WorkerRoute } from './routing-table.ts'

/** Least milliseconds before a second request, however quick a shard is. */
const HEDGE_MS_MIN = 2
/** The same where nothing is known of the shard yet. */
const HEDGE_MS_UNKNOWN = 50
/** Milliseconds that a strong read may wait for its replica to hear that it leads. */
const STRONG_TRY_MS = 3000

/** What a worker said about the shards that it was asked for. */
export type ShardAnswers<T> = ReadonlyMap<ShardId, T | VectronError>

/** How the answer of a shard was had. */
export interface AnswerOrigin {
  readonly workerId: WorkerId
  /** Workers asked before the one that answered: they failed, or were late. */
  readonly askedBefore: readonly WorkerId[]
  /** Monotonic microseconds at which the worker that answered was asked. */
  readonly askedUs: number
  readonly tookUs: number
}

export interface ReplicaReads<T> {
  readonly shards: readonly ShardRoute[]
  /** Reads that take about as long as each other; what is late is told within a kind. */
  readonly kind: string
  readonly freshness: ReadFreshness
  readonly deadline: Deadline
  readonly ask: (
    door: WorkerDoor,
    shards: readonly ShardRoute[],
    options: CallOptions,
  ) => Promise<ShardAnswers<T>>
  readonly onAnswer: (shard: ShardId, answer: T, origin: AnswerOrigin) => void
}

/** Why shards have no answer; empty when all have one. Never rejects. */
export function readReplicas<T>(
  router: Router,
  reads: ReplicaReads<T>,
): Promise<Map<ShardId, VectronError>> {
  return new ReadRound(router, reads).run()
}

/** One shard of a round. */
interface Job {
  readonly shard: ShardRoute
  readonly tried: Set<WorkerId>
  /** Requests under way that ask for it. */
  readonly asked: Set<Request>
  ended: boolean
  failure: VectronError | undefined
}

/** One request to a worker. */
interface Request {
  readonly jobs: readonly Job[]
  readonly ending: AbortController
  cancelHedge: CancelTimer
}

class ReadRound<T> {
  readonly #router: Router
  readonly #reads: ReplicaReads<T>
  readonly #failures = new Map<ShardId, VectronError>()
  readonly #done = Promise.withResolvers<Map<ShardId, VectronError>>()
  #open: number

  constructor(router: Router, reads: ReplicaReads<T>) {
    this.#router = router
    this.#reads = reads
    this.#open = reads.shards.length
  }

  run(): Promise<Map<ShardId, VectronError>> {
    if (this.#open === 0) return Promise.resolve(this.#failures)
    this.#dispatch(
      this.#reads.shards.map((shard) => ({
        shard,
        tried: new Set(),
        asked: new Set(),
        ended: false,
        failure: undefined,
      })),
    )
    return this.#done.promise
  }

  /** Sends each shard to a worker that was not asked for it yet; ends those that have none. */
  #dispatch(jobs: readonly Job[]): void {
    const groups = new Map<WorkerRoute, Job[]>()
    for (const job of jobs) {
      const to = this.#choose(job, (worker) => groups.get(worker)?.length ?? 0)
      if (to === undefined) {
        this.#giveUp(job)
        continue
      }
      job.tried.add(to.workerId)
      const group = groups.get(to)
      if (group === undefined) groups.set(to, [job])
      else group.push(job)
    }
    for (const [to, ofWorker] of groups) void this.#send(to, ofWorker)
  }

  #choose(
    { shard, tried }: Job,
    alreadyTo: (worker: WorkerRoute) => number,
  ): WorkerRoute | undefined {
    const { kind } = this.#reads.freshness
    if (tried.size > 0 && this.#reads.deadline.passed) return undefined
    // Who was too late for a session is followed by the one replica that cannot be.
    if (kind === 'strong' || (kind === 'session' && tried.size > 0)) {
      const leader = chooseLeader(this.#router, shard, tried)
      // Others can pass every barrier, too: it takes them a round trip more, or their time.
      if (leader !== undefined) return leader
    }
    return chooseReplica(this.#router, shard, { tried, alreadyTo })
  }

  async #send(to: WorkerRoute, jobs: readonly Job[]): Promise<void> {
    const request: Request = { jobs, ending: new AbortController(), cancelHedge: () => {} }
    for (const job of jobs) job.asked.add(request)
    this.#hedgeLater(request)
    const startUs = this.#router.clock.monotonicUs()
    let answers: ShardAnswers<T>
    try {
      answers = await this.#call(to, request)
    } catch (error) {
      const failure = toVectronError(error)
      answers = new Map(jobs.map(({ shard }) => [shard.shardId, failure]))
    }
    request.cancelHedge()
    const latencyUs = this.#router.clock.monotonicUs() - startUs
    const toReplace: Job[] = []
    for (const job of jobs) {
      job.asked.delete(request)
      if (job.ended) continue
      const answer = answers.get(job.shard.shardId) ?? noAnswer(job.shard)
      if (answer instanceof VectronError) this.#onFailure(job, to, answer)
      else
        this.#onAnswer(job, answer, { workerId: to.workerId, askedUs: startUs, tookUs: latencyUs })
      if (!job.ended && job.asked.size === 0) toReplace.push(job)
    }
    if (toReplace.length > 0) this.#dispatch(toReplace)
  }

  #call(to: WorkerRoute, { jobs, ending }: Request): Promise<ShardAnswers<T>> {
    const { calls, hasChoice } = this.#router
    const { ask, deadline, freshness } = this.#reads
    const shards = jobs.map(({ shard }) => shard)
    const send = (door: WorkerDoor, options: CallOptions) => ask(door, shards, options)
    const remainingMs = deadline.remainingMs()
    if (!hasChoice) return calls.callUnwatched(to, remainingMs, send)
    const isStrong = freshness.kind === 'strong'
    const timeoutMs = isStrong ? Math.min(STRONG_TRY_MS, remainingMs) : remainingMs
    return calls.call(to, { timeoutMs, usualUs: this.#usualUs(jobs), ending }, send)
  }

  /** How long a request for these shards usually takes: as long as the slowest of them. */
  #usualUs(jobs: readonly Job[]): number | undefined {
    let usualUs: number | undefined
    for (const { shard } of jobs) {
      const ofShardUs = this.#router.latencyOf(shard, this.#reads.kind).usualUs
      if (ofShardUs !== undefined) usualUs = Math.max(usualUs ?? 0, ofShardUs)
    }
    return usualUs
  }

  #onAnswer(job: Job, answer: T, by: Omit<AnswerOrigin, 'askedBefore'>): void {
    if (job.shard.replicas.length > 1) {
      this.#router.latencyOf(job.shard, this.#reads.kind).observe(by.tookUs)
    }
    const askedBefore = [...job.tried].filter((worker) => worker !== by.workerId)
    this.#reads.onAnswer(job.shard.shardId, answer, { ...by, askedBefore })
    this.#end(job)
  }

  #onFailure(job: Job, to: WorkerRoute, failure: VectronError): void {
    job.failure = failure
    if (isFinal(failure)) {
      this.#fail(job, failure)
      return
    }
    this.#router.avoid(job.shard, to.workerId)
    if (failure.reason === 'STALE_EPOCH') this.#router.refresh().catch(() => {})
  }

  /** Nobody is left to ask: whoever still is being asked decides. */
  #giveUp(job: Job): void {
    if (job.ended || job.asked.size > 0) return
    const { shard, failure } = job
    // Of a shard's only replica placement may know better why it does not serve.
    const isKnown = shard.replicas.length === 1 && shard.failure !== undefined
    this.#fail(job, isKnown ? this.#router.unavailable(shard) : (failure ?? noReplica(shard)))
  }

  #fail(job: Job, failure: VectronError): void {
    this.#failures.set(job.shard.shardId, failure)
    this.#end(job)
  }

  /** The shard is done with; requests that nobody needs any more are ended. */
  #end(job: Job): void {
    job.ended = true
    for (const { jobs, ending } of job.asked) {
      if (jobs.every(({ ended }) => ended)) ending.abort()
    }
    if (--this.#open === 0) this.#done.resolve(this.#failures)
  }

  /** Arms the second request for what the first leaves unanswered too long. */
  #hedgeLater(request: Request): void {
    const { clock, hedges } = this.#router
    const jobs = request.jobs.filter(({ shard, tried }) => tried.size < shard.replicas.length)
    if (jobs.length === 0 || !this.#router.hasChoice || this.#reads.freshness.kind === 'strong') {
      return
    }
    if (jobs.some(({ tried }) => tried.size > 1)) return
    hedges.earn()
    const delaysMs = jobs.map(({ shard }) => {
      const { boundUs } = this.#router.latencyOf(shard, this.#reads.kind)
      return boundUs === undefined ? HEDGE_MS_UNKNOWN : boundUs / 1000
    })
    const delayMs = Math.max(HEDGE_MS_MIN, ...delaysMs)
    if (delayMs >= this.#reads.deadline.remainingMs()) return
    request.cancelHedge = clock.setTimer(delayMs, () => {
      const late = jobs.filter((job) => !job.ended && job.asked.has(request))
      if (late.length === 0) return
      const mayHedge = this.#reads.freshness.kind === 'session' || hedges.spend()
      if (mayHedge) this.#dispatch(late)
    })
  }
}

function noAnswer({ shardId }: ShardRoute): VectronError {
  return new VectronError('SHARD_UNAVAILABLE', `Shard ${shardId} gave no answer.`, {
    subject: `shard ${shardId}`,
  })
}

function noReplica({ shardId }: ShardRoute): VectronError {
  return new VectronError('SHARD_UNAVAILABLE', `No worker with shard ${shardId} is known.`, {
    subject: `shard ${shardId}`,
  })
}

/** Failures that every replica would answer alike. */
function isFinal({ reason, row }: VectronError): boolean {
  return row.retry === 'no' && !FAULTS_OF_ONE_REPLICA.has(reason)
}

const FAULTS_OF_ONE_REPLICA: ReadonlySet<string> = new Set(['SHARD_NOT_FOUND', 'DATA_CORRUPT'])

/** A shard's failure inside an answer that has others. */
export function toShardError(
  shard: ShardId,
  failure: worker.ShardFailure | undefined,
): VectronError {
  if (failure === undefined) {
    return new VectronError('SHARD_UNAVAILABLE', `Shard ${shard} gave no answer.`)
  }
  const { reason, message, subject, retryAfterMs, leaderWorkerId } = failure
  return new VectronError(isErrorReason(reason) ? reason : 'INTERNAL', message, {
    subject: subject === '' ? `shard ${shard}` : subject,
    ...(retryAfterMs === 0 ? {} : { retryAfterMs }),
    ...(leaderWorkerId === 0n ? {} : { metadata: { leaderWorkerId: `${leaderWorkerId}` } }),
  })
}
