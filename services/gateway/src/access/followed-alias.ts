/**
 * An alias that a request named: the collection that it points to stands in the request instead.
 *
 * The alias is looked up in the routing at hand, which may be a moment old. When the collection is
 * found to be gone, because the alias was switched and what it pointed to deleted meanwhile, the
 * request is answered from what it points to now: who switches an alias fails no request.
 */

import { isVectronError } from '@vectron/base'

/** What inner names stand for; the router. */
export interface CollectionNames {
  /** By the routing at hand; undefined: not known there. */
  peekName(name: string): string | undefined
  /** After placement was asked about a name that is not known; itself when nobody knows it. */
  resolveName(name: string): Promise<string>
}

export interface FollowedAliasOptions {
  readonly names: CollectionNames
  /** Inner name of the alias. */
  readonly alias: string
  /** Inner name of the collection that stands in the request. */
  readonly collection: string
  /** Puts another one there; throws when the caller may not reach it. */
  readonly put: (collection: string) => void
}

export class FollowedAlias {
  readonly #options: FollowedAliasOptions

  constructor(options: FollowedAliasOptions) {
    this.#options = options
  }

  /** Runs the handler; once more when the alias turns out to point elsewhere. */
  async follow<T>(handle: () => Promise<T>): Promise<T> {
    try {
      return await handle()
    } catch (error) {
      if (!isVectronError(error, 'COLLECTION_NOT_FOUND') || !this.#putPresent()) throw error
      return handle()
    }
  }

  /** By the routing that has told that the collection is gone. */
  #putPresent(): boolean {
    const { names, alias, collection, put } = this.#options
    const present = names.peekName(alias)
    if (present === undefined || present === collection) return false
    put(present)
    return true
  }
}

/** The same names, each meaning for one stream what it meant at first. */
export function keepNames(names: CollectionNames): CollectionNames {
  const kept = new Map<string, string>()
  const keep = (name: string, collection: string) => {
    kept.set(name, collection)
    return collection
  }
  return {
    peekName: (name) => {
      const known = kept.get(name) ?? names.peekName(name)
      return known === undefined ? undefined : keep(name, known)
    },
    resolveName: async (name) => keep(name, await names.resolveName(name)),
  }
}
