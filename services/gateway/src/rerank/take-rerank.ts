/** From the public `rerank` of a search to a plan: every check, every default. */
import { didYouMean, LIMITS, VectronError } from '@vectron/base'
import type { vectron } from '@vectron/contracts'

export interface RerankPlan {
  readonly strategy: string
  /** JSON text, checked by the strategy. */
  readonly parameters: string
  /** The preset that gave strategy and parameters. */
  readonly preset: vectron.RerankPreset | undefined
  /** Candidates to take. */
  readonly limit: number
  /** Empty for a search by vector or id without one. */
  readonly text: string
  /** Undefined: what is left of the search's time. */
  readonly timeoutMs: number | undefined
  /** Of the request: `searches[3].rerank`. */
  readonly path: string
}

export interface RerankContext {
  readonly presets: ReadonlyMap<string, vectron.RerankPreset>
  readonly topK: number
  /** Text of the search; empty where it has none. */
  readonly text: string
  /** `searches[3].` within a batch, else empty. */
  readonly prefix: string
}

/** @throws VectronError with the field at fault */
export function takeRerank(
  rerank: vectron.Rerank | undefined,
  context: RerankContext,
): RerankPlan | undefined {
  if (rerank === undefined) return undefined
  const path = `${context.prefix}rerank`
  const { timeoutMs } = rerank
  if (timeoutMs !== undefined && (timeoutMs < 1 || timeoutMs > LIMITS.searchTimeoutMsMax)) {
    const range = `1 to ${LIMITS.searchTimeoutMsMax}`
    throw invalid(`${path}.timeoutMs`, `is ${timeoutMs}; it must be ${range}`)
  }
  const text = rerank.text || context.text
  if (Buffer.byteLength(text) > LIMITS.textBytesMax) {
    throw invalid(`${path}.text`, `has more than ${LIMITS.textBytesMax} bytes`)
  }
  return {
    ...takeStrategy(rerank, context, path),
    limit: takeLimit(rerank.limit, context.topK, path),
    text,
    timeoutMs,
    path,
  }
}

function takeStrategy(
  { strategy, parameters, preset }: vectron.Rerank,
  { presets }: RerankContext,
  path: string,
): Pick<RerankPlan, 'strategy' | 'parameters' | 'preset'> {
  if (preset === '') {
    if (strategy !== '') return { strategy, parameters, preset: undefined }
    const field = `${path}.strategy`
    const message = `${field} or ${path}.preset must say how to rerank.`
    throw new VectronError('MISSING_FIELD', message, { field })
  }
  if (strategy !== '' || parameters !== '') {
    const beside = strategy === '' ? 'parameters' : 'strategy'
    throw invalid(`${path}.preset`, `and ${path}.${beside} are both set; set one of them`)
  }
  const known = presets.get(preset)
  if (known === undefined) {
    throw new VectronError(
      'RERANK_PRESET_NOT_FOUND',
      `There is no rerank preset "${preset}".${didYouMean(preset, presets.keys())}`,
      { field: `${path}.preset`, subject: preset },
    )
  }
  return { strategy: known.strategy, parameters: known.parameters, preset: known }
}

function takeLimit(limit: number | undefined, topK: number, path: string): number {
  const max = LIMITS.rerankCandidatesMax
  const taken = limit ?? Math.max(topK, LIMITS.rerankCandidatesDefault)
  if (taken >= topK && taken <= max) return taken
  const field = `${path}.limit`
  if (topK > max) throw invalid(field, `cannot be topK, ${topK}; at most ${max} are reranked`)
  throw invalid(field, `is ${taken}; it must be topK, ${topK}, to ${max}`)
}

function invalid(field: string, what: string): VectronError {
  return new VectronError('INVALID_ARGUMENT', `${field} ${what}.`, { field })
}
