/**
 * The handlers of vectron.v1.Search. A request becomes a job, and answer-searches.ts answers it.
 */

import { assertDefined, LIMITS, VectronError } from '@vectron/base'
import type { wire } from '@vectron/contracts'
import type { CallContext, ServiceHandlers } from '@vectron/rpc'
import { checkBatch } from '../check-collection.ts'
import type { GatewayContext } from '../context.ts'
import { answerSearches } from './answer-searches.ts'
import { type SearchAnswer, streamSearch } from './run-search.ts'
import { checkSameCollection, openSearchJob, type SearchJob } from './search-job.ts'
import { tellWhyNot } from './why-not.ts'

export class SearchService implements ServiceHandlers<typeof wire.Search> {
  readonly #context: GatewayContext

  constructor(context: GatewayContext) {
    this.#context = context
  }

  async search(request: wire.SearchRequest, call: CallContext): Promise<SearchAnswer> {
    const { collection } = request
    const requests = { collection, requests: [request], batch: false }
    const job = await openSearchJob(this.#context, requests, call)
    const [answer] = await this.#answer(job)
    return assertDefined(answer, 'one query has one answer')
  }

  async batchSearch({ collection, searches }: wire.BatchSearchRequest, call: CallContext) {
    checkBatch(searches.length, LIMITS.batchSearchesMax, 'searches')
    checkSameCollection(collection, searches)
    const requests = { collection, requests: searches, batch: true }
    const job = await openSearchJob(this.#context, requests, call)
    return { responses: await this.#answer(job) }
  }

  /** Answers that improve: one whenever another worker has answered, and the complete one last. */
  async *searchStream(request: wire.SearchRequest, call: CallContext) {
    const { collection, whyNot } = request
    if (whyNot !== '') {
      throw new VectronError('INVALID_ARGUMENT', 'whyNot is for a search that is no stream.', {
        field: 'whyNot',
      })
    }
    const requests = { collection, requests: [request], batch: false }
    yield* streamSearch(this.#context, await openSearchJob(this.#context, requests, call))
  }

  async #answer(job: SearchJob): Promise<SearchAnswer[]> {
    return tellWhyNot(this.#context, job, await answerSearches(this.#context, job))
  }
}
