/** What a reranker is opened with, from its settings. */
import type { RerankerOptions } from '@vectron/reranker-service'
import type { RerankerConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

const MIB = 1024 ** 2

export function rerankerOptions(
  { rerank }: Pick<RerankerConfig, 'rerank'>,
  { clock, logger, metrics }: Surroundings,
): RerankerOptions {
  return {
    cacheBytesMax: rerank.cacheMib * MIB,
    linear: { folder: rerank.models },
    onnx: { folder: rerank.onnxModel },
    http: { endpoint: rerank.httpEndpoint, model: rerank.httpModel, key: rerank.httpKey },
    clock,
    logger: logger.child({ part: 'reranker' }),
    metrics,
  }
}
