/** Aliases: second names of collections, switched from one to another at once. */
import type { CallOptions, Transport } from './transport.ts'

export interface Alias {
  readonly alias: string
  readonly collection: string
}

/** What to do about one alias. */
export type AliasAction =
  /** One that does not exist yet. */
  | { readonly create: Alias }
  /** One that exists, to point to this collection from now on. */
  | { readonly switch: Alias }
  /** One that exists; its collection stays. */
  | { readonly delete: { readonly alias: string } }

export class Aliases {
  readonly #transport: Transport

  /** Use `Vectron.aliases`. */
  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** All of them in their order, or those that point to one collection. */
  async list(
    options: CallOptions & { readonly collection?: string } = {},
  ): Promise<readonly Alias[]> {
    const { collection, ...call } = options
    const query = collection === undefined ? '' : `?collection=${encodeURIComponent(collection)}`
    const path = `/v1/aliases${query}`
    const answer = await this.#transport.call<{ aliases: Alias[] }>(
      { method: 'GET', path, idempotent: true },
      call,
    )
    return answer.aliases
  }

  /**
   * Carries out all actions in their order, or none. Every request sent after the answer is about
   * what the aliases point to now. Never retried. Answers with those that exist of the ones named.
   */
  async update(actions: readonly AliasAction[], options?: CallOptions): Promise<readonly Alias[]> {
    const answer = await this.#transport.call<{ aliases: Alias[] }>(
      { method: 'POST', path: '/v1/aliases:update', body: { actions }, idempotent: false },
      options,
    )
    return answer.aliases
  }
}
