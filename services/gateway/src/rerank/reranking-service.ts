/** The handlers of vectron.v1.Reranking: the strategies, and the presets of a collection. */
import { LIMITS, VectronError } from '@vectron/base'
import type { placement, vectron } from '@vectron/contracts'
import type { CallContext, Client, ServiceHandlers } from '@vectron/rpc'
import { checkName } from '../check-collection.ts'
import type { GatewayContext } from '../context.ts'
import type { RerankerPool } from './reranker-pool.ts'

export interface RerankingContext extends GatewayContext {
  readonly placement: Client<typeof placement.Placement>
  readonly rerankers: RerankerPool
}

export class RerankingService implements ServiceHandlers<typeof vectron.Reranking> {
  readonly #context: RerankingContext

  constructor(context: RerankingContext) {
    this.#context = context
  }

  async listRerankStrategies(_: vectron.ListRerankStrategiesRequest, { deadline }: CallContext) {
    const { strategies } = await this.#context.rerankers.ask(deadline, (client, options) =>
      client.listStrategies({}, options),
    )
    return {
      strategies: strategies.map(({ name, version, description, problem }) => ({
        name,
        version,
        description,
        problem,
      })),
    }
  }

  /** A reranker checks the parameters, so that none are kept with which every search fails. */
  async setRerankPreset(request: vectron.SetRerankPresetRequest, { deadline }: CallContext) {
    const { router, rerankers, placement } = this.#context
    const { collection, preset: name, strategy, parameters } = request
    checkName(name, { field: 'preset', what: 'preset' })
    checkSize(parameters)
    if (strategy === '') {
      throw new VectronError('MISSING_FIELD', 'strategy is missing.', { field: 'strategy' })
    }
    const route = await router.route(collection)
    await rerankers.ask(deadline, (client, options) =>
      client.rerank({ collection: route.name, strategy, parameters }, options),
    )
    const preset = await placement.setRerankPreset(
      { collection: route.name, preset: { name, strategy, parameters } },
      { timeoutMs: deadline.remainingMs() },
    )
    await router.refresh()
    return preset
  }

  async listRerankPresets({ collection }: vectron.ListRerankPresetsRequest) {
    const { router } = this.#context
    await router.refresh()
    const { rerankPresets } = await router.route(collection)
    return { presets: [...rerankPresets.values()] }
  }

  async deleteRerankPreset(request: vectron.DeleteRerankPresetRequest, { deadline }: CallContext) {
    const { router, placement } = this.#context
    const { name: collection } = await router.route(request.collection)
    const { preset } = request
    await placement.deleteRerankPreset(
      { collection, preset },
      { timeoutMs: deadline.remainingMs() },
    )
    await router.refresh()
    return {}
  }

  async invalidateRerankCache(
    request: vectron.InvalidateRerankCacheRequest,
    { deadline }: CallContext,
  ) {
    const { router, rerankers } = this.#context
    const { name: collection } = await router.route(request.collection)
    const answers = await rerankers.askEach(deadline, (client, options) =>
      client.invalidateCache({ collection }, options),
    )
    const forgotten = answers.reduce((sum, answer) => sum + answer.forgotten, 0)
    return { rerankers: answers.length, forgotten }
  }
}

function checkSize(parameters: string): void {
  const bytes = Buffer.byteLength(parameters)
  const max = LIMITS.rerankParametersBytesMax
  if (bytes <= max) return
  throw new VectronError(
    'INVALID_ARGUMENT',
    `parameters has ${bytes} bytes; the limit is ${max}.`,
    {
      field: 'parameters',
    },
  )
}
