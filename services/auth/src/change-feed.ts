/**
 * The change feed: what gateways must forget, from what changes in the store.
 *
 * `alive` is passed on only when the store proves that its watch is not behind, so a gateway that
 * hears it may trust what it remembers.
 */

import { create } from '@bufbuild/protobuf'
import { NullValue } from '@bufbuild/protobuf/wkt'
import { auth } from '@vectron/contracts'
import { lastPart } from './records.ts'
import type { CredentialStore, StoreEvent } from './store/credential-store.ts'

type Change = auth.WatchChangesResponse['change']

/** Ends with the signal. */
export async function* watchChanges(
  store: CredentialStore,
  signal: AbortSignal,
): AsyncIterable<auth.WatchChangesResponse> {
  for await (const event of store.watch('', signal)) {
    const change = toChange(event)
    if (change !== undefined) yield create(auth.WatchChangesResponseSchema, { change })
  }
}

function toChange(event: StoreEvent): Change | undefined {
  switch (event.kind) {
    case 'reset':
      return { case: 'reset', value: NullValue.NULL_VALUE }
    case 'current':
      return { case: 'alive', value: NullValue.NULL_VALUE }
    case 'put':
      return ofKey(event.record.key)
    case 'removed':
      return ofKey(event.key)
  }
}

/** Whom a record is about; undefined for records that no principal is made of. */
function ofKey(key: string): Change | undefined {
  const [kind, first = ''] = key.split('/')
  switch (kind) {
    case 'keys':
      return { case: 'keyId', value: first }
    case 'users':
      return { case: 'userId', value: first }
    case 'projects':
      return { case: 'projectId', value: first }
    case 'members':
      return { case: 'userId', value: lastPart(key) }
    case 'sessions':
      return { case: 'sessionId', value: lastPart(key) }
    default:
      return undefined
  }
}
