/**
 * Page tokens: where the next page of a list begins, and which list it belongs to.
 *
 * The body is 8 bytes of a hash over what was asked, then the position in UTF-8. A token that is
 * sent with another request is refused instead of answering nonsense.
 */

import { createHash } from 'node:crypto'
import { bytesEqual, concatBytes, VectronError } from '@vectron/base'
import { openToken, sealToken } from '@vectron/routing'

const SHAPE_BYTES = 8

export interface PagedList {
  readonly clusterId: string
  /** What every page of the list has in common: the method, the collection, the filter. */
  readonly shape: readonly (string | Uint8Array)[]
  /** The field that holds a token, for errors. */
  readonly field: string
}

/** A token for the page behind `position`. */
export function encodePageToken(list: PagedList, position: string): string {
  const body = concatBytes([hashShape(list), Buffer.from(position, 'utf8')])
  return sealToken({ clusterId: list.clusterId, purpose: 'page' }, body)
}

/**
 * The position that a token holds; empty for the first page.
 *
 * @throws VectronError INVALID_PAGE_TOKEN
 */
export function parsePageToken(list: PagedList, token: string): string {
  if (token === '') return ''
  const body = openToken({ clusterId: list.clusterId, purpose: 'page' }, token)
  if (body === undefined || body.length < SHAPE_BYTES) {
    throw refused(list, 'was not made by this cluster, or was changed on the way')
  }
  if (!bytesEqual(body.subarray(0, SHAPE_BYTES), hashShape(list))) {
    throw refused(list, 'belongs to another request: what is asked for must stay the same')
  }
  return Buffer.from(body.subarray(SHAPE_BYTES)).toString('utf8')
}

function hashShape({ shape }: PagedList): Uint8Array {
  const hash = createHash('sha256')
  for (const part of shape) hash.update(`${part.length}:`).update(part)
  return hash.digest().subarray(0, SHAPE_BYTES)
}

function refused({ field }: PagedList, why: string): VectronError {
  return new VectronError('INVALID_PAGE_TOKEN', `The page token ${why}.`, { field })
}
