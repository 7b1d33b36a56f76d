/**
 * What the gateway needs of a text embedder. The gateway declares it; whoever starts the gateway
 * brings the implementations.
 */

export interface Embedder {
  /** What a collection names in its `embedder` field. */
  readonly name: string
  /** Components of each vector. */
  readonly dimension: number
  /** One vector for each text, in order; undefined for a text that holds nothing it knows. */
  embed(texts: readonly string[]): Promise<readonly (Float32Array | undefined)[]>
}
