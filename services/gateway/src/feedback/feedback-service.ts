/**
 * The handlers of vectron.v1.Feedback: clicks and judgements become points of a collection of the
 * same project, `<collection>-feedback`, whose vectors are those of the queries. It is made with
 * the first of them, and is a collection like any other: listed, searched, exported, deleted.
 */
import { create, type DescMethod } from '@bufbuild/protobuf'
import { isVectronError, LIMITS, VectronError } from '@vectron/base'
import { type placement, vectron, wire } from '@vectron/contracts'
import type { CollectionRoute } from '@vectron/routing'
import type { CallContext, Client, ServiceHandlers } from '@vectron/rpc'
import { prefixOfProject } from '../access/project-names.ts'
import { checkBatch, checkCollectionName } from '../check-collection.ts'
import type { GatewayContext } from '../context.ts'
import { FEEDBACK_SCHEMA, takeFeedback } from './take-feedback.ts'

/** Of the name of a collection of feedback. */
const SUFFIX = '-feedback'

export interface FeedbackContext extends GatewayContext {
  readonly placement: Client<typeof placement.Placement>
  /** Takes points; its answers are acknowledgements. */
  readonly upsert: (request: wire.UpsertPointsRequest, call: CallContext) => Promise<unknown>
  /** What the plan of a project allows. @throws VectronError PLAN_LIMIT */
  readonly checkLimits: (request: object, call: CallContext, method: DescMethod) => void
}

export class FeedbackService implements ServiceHandlers<typeof vectron.Feedback> {
  readonly #context: FeedbackContext

  constructor(context: FeedbackContext) {
    this.#context = context
  }

  async addFeedback({ collection, entries }: vectron.AddFeedbackRequest, call: CallContext) {
    const { router, clock, upsert, checkLimits } = this.#context
    checkBatch(entries.length, LIMITS.feedbackEntriesMax, 'entries')
    const route = await router.route(collection)
    const points = takeFeedback(entries, { collection: route.collection, nowMs: clock.nowMs() })
    const name = route.name + SUFFIX
    const shown = name.slice(prefixOfProject(call.principal?.projectId ?? '').length)
    await this.#ensure(route, { name, shown }, call)
    const request = create(wire.UpsertPointsRequestSchema, { collection: name, points })
    checkLimits(request, call, vectron.Points.method.upsertPoints)
    await upsert(request, call).catch((error: unknown) => {
      throw asEntries(error)
    })
    return { feedbackCollection: shown, added: points.length }
  }

  /** Makes the collection when there is none yet; another gateway may do so at the same time. */
  async #ensure(
    { collection }: CollectionRoute,
    { name, shown }: { readonly name: string; readonly shown: string },
    call: CallContext,
  ): Promise<void> {
    const { router, placement, checkLimits } = this.#context
    const present =
      router.table.collections.get(name) ?? (await router.refresh()).collections.get(name)
    if (present !== undefined) return checkIsFeedback(present.collection, collection, shown)
    checkCollectionName(shown, 'collection')
    const { dimension, metric, embedder } = collection
    const wanted = {
      name,
      dimension,
      metric,
      embedder,
      payloadSchema: { ...FEEDBACK_SCHEMA },
      description: `Clicks and judgements of searches of ${shown.slice(0, -SUFFIX.length)}.`,
    }
    checkLimits(wanted, call, vectron.Collections.method.createCollection)
    try {
      await placement.createCollection(
        { collection: wanted },
        { timeoutMs: call.deadline.remainingMs() },
      )
    } catch (error) {
      if (!isVectronError(error, 'COLLECTION_EXISTS')) throw error
    }
    await router.refresh()
  }
}

/** Somebody may have made a collection of that name for something else. */
function checkIsFeedback(
  present: vectron.Collection,
  { dimension }: vectron.Collection,
  shown: string,
): void {
  const { pointId, kind } = present.payloadSchema
  const isFeedback = pointId === FEEDBACK_SCHEMA['pointId'] && kind === FEEDBACK_SCHEMA['kind']
  if (isFeedback && present.dimension === dimension) return
  throw new VectronError(
    'CONFLICT',
    `The collection "${shown}" is not one of feedback; rename or delete it, and it is made anew.`,
    { subject: shown },
  )
}

/** The caller knows no points. */
function asEntries(error: unknown): unknown {
  if (!isVectronError(error) || !error.field?.startsWith('points[')) return error
  const { reason, message, field, subject } = error
  const named = field.replace('points', 'entries')
  return new VectronError(reason, message.replace(field, named), { field: named, subject })
}
