/**
 * Reranking, as the API has it: how a search asks for it, what it says, what can be kept, and what
 * people make of results.
 */
import type { VectorInput } from './vector.ts'

export type Rerank = {
  /** Candidates to take, topK to 1,000. Default: topK, and at least 100. */
  readonly limit?: number
  /** Text of the query for the strategy. Default: the text of the search. */
  readonly text?: string
  /** Milliseconds allowed. Default: what is left of the search's. */
  readonly timeoutMs?: number
} & (
  | {
      /** `rules`, `mmr`, `fusion`, `linear`, `http` or `onnx`. */
      readonly strategy: string
      readonly parameters?: Readonly<Record<string, unknown>>
    }
  /** A strategy with parameters that the collection keeps under this name. */
  | { readonly preset: string }
)

export interface RerankReport {
  readonly strategy: string
  /** Of the strategy, with that of its model where it has one. */
  readonly version: string
  readonly preset: string
  readonly presetVersion: number
  /** How many were reranked. */
  readonly candidates: number
  readonly tookUs: number
  /** true: the results are in their order without reranking. */
  readonly degraded: boolean
  /** Why they are. */
  readonly reason: string
  readonly message: string
}

export interface RerankStrategy {
  readonly name: string
  readonly version: string
  readonly description: string
  /** Why it cannot be used; empty when it can. */
  readonly problem: string
}

export interface RerankPresetInput {
  readonly strategy: string
  readonly parameters?: Readonly<Record<string, unknown>>
}

export interface RerankPreset extends Required<RerankPresetInput> {
  readonly name: string
  /** Grows with each change of a preset of the collection. */
  readonly version: number
  readonly updateTime: string
}

/** What somebody made of a result. The query is a text, or a vector, or both. */
export type FeedbackEntry = {
  readonly text?: string
  readonly vector?: VectorInput
  /** The point that was found. */
  readonly id: string
  /** The `x-request-id` of the search; clicks of one request on one point count once. */
  readonly requestId?: string
} & (
  | { readonly kind: 'click' }
  /** 0 for useless to 4 for perfect. The last one of a query and point counts. */
  | { readonly kind: 'judgement'; readonly grade: number }
)

export interface FeedbackResult {
  /** The collection that has them: points with the vectors of the queries. */
  readonly feedbackCollection: string
  readonly added: number
}
