/**
 * Aliases of the catalog: second names of collections, changed several at once or not at all.
 *
 * Pure: from the aliases at hand to those after the actions, or to why not. The names are inner
 * ones, a project's before "/"; whether alias and collection are of one project the gateway has
 * seen to.
 */

import { create } from '@bufbuild/protobuf'
import { didYouMean, type ErrorReason, LIMITS, unreachable } from '@vectron/base'
import { vectron } from '@vectron/contracts'

export type Aliases = ReadonlyMap<string, string>

export type AliasesChange =
  | { readonly kind: 'changed'; readonly aliases: Aliases }
  | { readonly kind: 'refused'; readonly reason: ErrorReason; readonly message: string }

type Refusal = Extract<AliasesChange, { kind: 'refused' }>

/** Every action sees what those before it did. */
export function changeAliases(
  present: Aliases,
  collections: ReadonlyMap<string, unknown>,
  actions: readonly vectron.AliasAction[],
): AliasesChange {
  const aliases = new Map(present)
  for (const { action } of actions) {
    const refusal = act(aliases, collections, action)
    if (refusal !== undefined) return refusal
  }
  return { kind: 'changed', aliases }
}

/** The aliases of a collection, in their order. */
export function aliasesOf(aliases: Aliases, collection: string): string[] {
  return [...aliases].flatMap(([alias, target]) => (target === collection ? [alias] : [])).sort()
}

/** As messages, in their order. */
export function describeAliases(aliases: Aliases): vectron.Alias[] {
  return [...aliases]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([alias, collection]) => create(vectron.AliasSchema, { alias, collection }))
}

function act(
  aliases: Map<string, string>,
  collections: ReadonlyMap<string, unknown>,
  action: vectron.AliasAction['action'],
): Refusal | undefined {
  switch (action.case) {
    case 'create': {
      const { alias, collection } = action.value
      const refusal = refuseName(alias, aliases, collections) ?? noTarget(collection, collections)
      if (refusal === undefined) aliases.set(alias, collection)
      return refusal
    }
    case 'switch': {
      const { alias, collection } = action.value
      const refusal = noAlias(alias, aliases) ?? noTarget(collection, collections)
      if (refusal === undefined) aliases.set(alias, collection)
      return refusal
    }
    case 'delete': {
      const refusal = noAlias(action.value.alias, aliases)
      if (refusal === undefined) aliases.delete(action.value.alias)
      return refusal
    }
    case undefined:
      return refused('INCOMPATIBLE_DATA', 'The action on an alias is of a newer release.')
    default:
      return unreachable(action)
  }
}

function refuseName(
  alias: string,
  aliases: Aliases,
  collections: ReadonlyMap<string, unknown>,
): Refusal | undefined {
  if (aliases.has(alias)) return refused('ALIAS_EXISTS', `The alias "${alias}" exists already.`)
  if (collections.has(alias)) {
    return refused('COLLECTION_EXISTS', `There is a collection "${alias}" already.`)
  }
  const project = projectOf(alias)
  const count = [...aliases.keys()].filter((other) => projectOf(other) === project).length
  if (count < LIMITS.aliasesPerProjectMax) return undefined
  return refused('INVALID_ARGUMENT', `The project has ${count} aliases; that is the limit.`)
}

function noAlias(alias: string, aliases: Aliases): Refusal | undefined {
  if (aliases.has(alias)) return undefined
  const hint = didYouMean(alias, aliases.keys())
  return refused('ALIAS_NOT_FOUND', `There is no alias "${alias}".${hint}`)
}

function noTarget(
  collection: string,
  collections: ReadonlyMap<string, unknown>,
): Refusal | undefined {
  if (collections.has(collection)) return undefined
  const hint = didYouMean(collection, collections.keys())
  return refused('COLLECTION_NOT_FOUND', `There is no collection "${collection}".${hint}`)
}

function projectOf(innerName: string): string {
  return innerName.slice(0, innerName.lastIndexOf('/') + 1)
}

function refused(reason: ErrorReason, message: string): Refusal {
  return { kind: 'refused', reason, message }
}
