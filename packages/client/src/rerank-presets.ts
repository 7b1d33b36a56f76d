/** The rerank presets of a collection: strategies with parameters, kept under names. */
import type { RerankPreset, RerankPresetInput } from './reranking.ts'
import type { CallOptions, Transport } from './transport.ts'

export class RerankPresets {
  readonly #transport: Transport
  readonly #path: string

  /** Use `collection.rerankPresets`. @param collectionPath `/v1/collections/docs` */
  constructor(transport: Transport, collectionPath: string) {
    this.#transport = transport
    this.#path = `${collectionPath}/rerankPresets`
  }

  /** Makes a preset, or changes it under its next version. Never retried. */
  set(name: string, preset: RerankPresetInput, options?: CallOptions): Promise<RerankPreset> {
    const call = { method: 'PUT', path: this.#of(name), body: preset, idempotent: false } as const
    return this.#transport.call(call, options)
  }

  /** In the order of their names. */
  async list(options?: CallOptions): Promise<readonly RerankPreset[]> {
    const call = { method: 'GET', path: this.#path, idempotent: true } as const
    const { presets } = await this.#transport.call<{ presets: RerankPreset[] }>(call, options)
    return presets
  }

  /** Never retried. */
  async delete(name: string, options?: CallOptions): Promise<void> {
    const call = { method: 'DELETE', path: this.#of(name), idempotent: false } as const
    await this.#transport.call(call, options)
  }

  #of(name: string): string {
    return `${this.#path}/${encodeURIComponent(name)}`
  }
}
