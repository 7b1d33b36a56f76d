/**
 * Small services over the public protos for the tests of this package: they answer with what they
 * were asked, and fail on demand by the collection's name.
 */
import {
  createLogger,
  type ErrorReason,
  isErrorReason,
  type Logger,
  VectronError,
} from '@vectron/base'
import { parseVector, vectron, wire } from '@vectron/contracts'
import {
  type BoundService,
  bindShadowedService,
  type CallContext,
  type ServiceHandlers,
} from '../src/index.ts'

/** Collections that make a call fail or wait. */
export const CRASH = 'crash'
export const HANG = 'hang'
/** Beginning of names that the error quotes. */
export const QUOTED = 'quoted '

/** What the services saw, for tests to look at. */
export interface Seen {
  readonly calls: CallContext[]
  aborted: number
  taken: number
}

export interface EchoServices {
  readonly services: readonly BoundService[]
  readonly seen: Seen
}

/** A fresh pair of services: vectron.v1.Points and vectron.v1.Search. */
export function echoServices(): EchoServices {
  const seen: Seen = { calls: [], aborted: 0, taken: 0 }
  return {
    services: [
      bindShadowedService({ open: vectron.Points, shadow: wire.Points }, points(seen)),
      bindShadowedService({ open: vectron.Search, shadow: wire.Search }, search(seen)),
    ],
    seen,
  }
}

/** A logger that keeps its lines. */
export function keepingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = []
  const logger = createLogger({ name: 'test', write: (line) => lines.push(line) })
  return { logger, lines }
}

async function misbehave(collection: string, call: CallContext, seen: Seen): Promise<void> {
  seen.calls.push(call)
  if (collection === CRASH) throw new TypeError('a secret of the inside')
  if (isErrorReason(collection)) throw refusal(collection)
  if (collection.startsWith(QUOTED)) {
    const message = `There is no collection "${collection}".`
    throw new VectronError('COLLECTION_NOT_FOUND', message, { field: collection })
  }
  if (collection !== HANG) return
  await new Promise<void>((resolve) => {
    const leave = () => {
      seen.aborted++
      resolve()
    }
    if (call.signal.aborted) leave()
    else call.signal.addEventListener('abort', leave)
  })
}

function refusal(reason: ErrorReason): VectronError {
  return new VectronError(reason, `Refused: ${reason}.`, {
    field: 'collection',
    subject: 'the subject',
    retryAfterMs: 1500,
    metadata: { leader: 'worker-7' },
  })
}

function points(seen: Seen): ServiceHandlers<typeof wire.Points> {
  return {
    async upsertPoints({ collection, points }, call) {
      await misbehave(collection, call, seen)
      return { affected: BigInt(points.length), sessionToken: collection }
    },
    async *upsertPointsStream(requests, call) {
      for await (const { collection, points } of requests) {
        seen.taken++
        await misbehave(collection, call, seen)
        yield { affected: BigInt(points.length), sessionToken: collection }
      }
    },
    async getPoint({ collection, id, withVector }, call) {
      await misbehave(collection, call, seen)
      return { id, payload: Buffer.from(JSON.stringify({ withVector })) }
    },
    async batchGetPoints({ ids }) {
      return { missing: ids }
    },
    async deletePoints({ ids }) {
      return { affected: BigInt(ids.length) }
    },
    async updatePayload({ set }) {
      return { sessionToken: set }
    },
    async scrollPoints({ pageToken }) {
      return { nextPageToken: pageToken }
    },
    async facetPoints() {
      return { counts: [], exact: true }
    },

    async countPoints() {
      return { count: 2n ** 60n }
    },
  }
}

function search(seen: Seen): ServiceHandlers<typeof wire.Search> {
  return {
    async search({ collection, query, topK }, call) {
      await misbehave(collection, call, seen)
      const vector = query.case === 'vector' ? parseVector(query.value) : undefined
      return { warnings: [`${vector?.length ?? 0} bytes`], tookUs: topK ?? 0, exact: true }
    },
    async batchSearch({ searches }) {
      return { responses: searches.map(({ topK }) => ({ tookUs: topK ?? 0 })) }
    },
    async *searchStream({ collection, topK = 0 }, call) {
      for (let shard = 1; shard <= topK; shard++) yield { shardsAnswered: shard }
      await misbehave(collection, call, seen)
    },
  }
}
