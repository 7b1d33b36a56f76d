/**
 * What each public method needs: a verb, and where its request names the collection; whether an
 * alias may stand for it.
 *
 * A method that is missing here cannot be served: binding the services fails.
 */

import type { DescMethod } from '@bufbuild/protobuf'
import { assert } from '@vectron/base'

export type Verb = 'read' | 'write' | 'admin'

/**
 * Which rows of the collection a method is about: those of the caller's row rule, which its handler
 * keeps, or all of them, so that a key with a row rule may not call it.
 */
export type Rows = 'visible' | 'all'

export type AccessRule =
  /** Any valid credential. */
  | { readonly kind: 'anyone' }
  /** An operator of the cluster. */
  | { readonly kind: 'operator' }
  /** The verb, on the collection that a field of the request names. */
  | {
      readonly kind: 'collection'
      readonly verb: Verb
      readonly field: 'collection' | 'name'
      readonly rows: Rows
      /** Whether an alias may stand for the collection: for what changes the collection, not. */
      readonly byAlias: boolean
      /** A field with requests of their own, which may repeat the name. */
      readonly within?: 'searches'
    }
  /** To administer the aliases and collections that actions name. */
  | { readonly kind: 'aliases'; readonly verb: 'admin' }
  /** The verb, on the collections of the project. */
  | { readonly kind: 'project'; readonly verb: Verb; readonly rows: Rows }

export type CollectionRule = Extract<AccessRule, { kind: 'collection' }>

const on = (verb: Verb, rows: Rows): CollectionRule => ({
  kind: 'collection',
  verb,
  field: 'collection',
  rows,
  byAlias: verb !== 'admin',
})
const ANYONE: AccessRule = { kind: 'anyone' }
const OPERATOR: AccessRule = { kind: 'operator' }

const RULES: Readonly<Record<string, Readonly<Record<string, AccessRule>>>> = {
  'vectron.v1.Collections': {
    createCollection: { ...on('admin', 'all'), field: 'name' },
    getCollection: on('read', 'visible'),
    listCollections: { kind: 'project', verb: 'read', rows: 'visible' },
    updateCollection: on('admin', 'all'),
    deleteCollection: on('admin', 'all'),
    getCollectionStats: on('read', 'all'),
    updateAliases: { kind: 'aliases', verb: 'admin' },
    listAliases: { kind: 'project', verb: 'read', rows: 'visible' },
  },
  'vectron.v1.Points': {
    upsertPoints: on('write', 'visible'),
    upsertPointsStream: on('write', 'visible'),
    getPoint: on('read', 'visible'),
    batchGetPoints: on('read', 'visible'),
    deletePoints: on('write', 'visible'),
    updatePayload: on('write', 'visible'),
    scrollPoints: on('read', 'visible'),
    countPoints: on('read', 'visible'),
    facetPoints: on('read', 'visible'),
  },
  'vectron.v1.Search': {
    search: on('read', 'visible'),
    batchSearch: { ...on('read', 'visible'), within: 'searches' },
    searchStream: on('read', 'visible'),
  },
  'vectron.v1.Reranking': {
    listRerankStrategies: ANYONE,
    setRerankPreset: on('admin', 'all'),
    listRerankPresets: on('read', 'visible'),
    deleteRerankPreset: on('admin', 'all'),
    invalidateRerankCache: on('admin', 'all'),
  },
  'vectron.v1.Feedback': { addFeedback: on('write', 'all') },
  'vectron.v1.Access': {
    checkAccess: { kind: 'project', verb: 'admin', rows: 'all' },
    listAuditEntries: { kind: 'project', verb: 'admin', rows: 'all' },
  },
  'vectron.v1.Cluster': {
    getHealth: ANYONE,
    // Filters of others, with their values: not for who may see some rows alone.
    listSlowQueries: { kind: 'project', verb: 'admin', rows: 'all' },
  },
}

/** Services of which every method that has no row needs an operator. */
const OPERATORS_OWN = new Set(['vectron.v1.Cluster', 'vectron.v1.Demo'])

/**
 * Whether the authenticator answers the method: it says itself what its callers need, and audits
 * them.
 */
export function isOfAuthenticator({ parent }: DescMethod): boolean {
  return parent.typeName.startsWith('auth.v1.')
}

export function accessRule(method: DescMethod): AccessRule {
  const service = method.parent.typeName
  const rule = RULES[service]?.[method.localName]
  if (rule !== undefined) return rule
  assert(OPERATORS_OWN.has(service), `${service}.${method.name} has a row in access-rules.ts`)
  return OPERATOR
}
