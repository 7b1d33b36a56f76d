/**
 * What each public method needs: a verb, and where its request names the collection.
 *
 * A method that is missing here cannot be served: binding the services fails.
 */

import type { DescMethod } from '@bufbuild/protobuf'
import { assert } from '@vectron/base'

export type Verb = 'read' | 'write' | 'admin'

export type AccessRule =
  /** Any valid credential. */
  | { readonly kind: 'anyone' }
  /** An operator of the cluster. */
  | { readonly kind: 'operator' }
  /** The verb, on the collection that a field of the request names. */
  | { readonly kind: 'collection'; readonly verb: Verb; readonly field: 'collection' | 'name' }
  /** The verb, on the collections of the project. */
  | { readonly kind: 'project'; readonly verb: Verb }

const on = (verb: Verb): AccessRule => ({ kind: 'collection', verb, field: 'collection' })
const ANYONE: AccessRule = { kind: 'anyone' }
const OPERATOR: AccessRule = { kind: 'operator' }

const RULES: Readonly<Record<string, Readonly<Record<string, AccessRule>>>> = {
  'vectron.v1.Collections': {
    createCollection: { kind: 'collection', verb: 'admin', field: 'name' },
    getCollection: on('read'),
    listCollections: { kind: 'project', verb: 'read' },
    updateCollection: on('admin'),
    deleteCollection: on('admin'),
    getCollectionStats: on('read'),
  },
  'vectron.v1.Points': {
    upsertPoints: on('write'),
    upsertPointsStream: on('write'),
    getPoint: on('read'),
    batchGetPoints: on('read'),
    deletePoints: on('write'),
    updatePayload: on('write'),
    scrollPoints: on('read'),
    countPoints: on('read'),
  },
  'vectron.v1.Search': {
    search: on('read'),
    batchSearch: on('read'),
    searchStream: on('read'),
  },
  'vectron.v1.Cluster': { getHealth: ANYONE },
}

/** Services of which every method that has no row needs an operator. */
const OPERATORS_OWN = 'vectron.v1.Cluster'

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
  assert(service === OPERATORS_OWN, `${service}.${method.name} has a row in access-rules.ts`)
  return OPERATOR
}
