/** Encodes reads for the engine and takes its answers apart. */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { isErrorReason, VectronError } from '@vectron/base'
import { engine, type vectron } from '@vectron/contracts'

/** An encoded `engine.v1.ReadRequest`. `rowRule`: for the read there is only what matches it. */
export function encodeRead(
  read: engine.ReadRequest['read'],
  rowRule: vectron.Filter | undefined,
): Uint8Array {
  const request = { read, ...(rowRule === undefined ? {} : { rowRule }) }
  return toBinary(engine.ReadRequestSchema, create(engine.ReadRequestSchema, request))
}

export interface GetWanted {
  readonly ids: readonly string[]
  readonly withPayload: boolean
  readonly withVector: boolean
  readonly rowRule: vectron.Filter | undefined
}

/** An encoded read of points by their ids. */
export function encodeGet(wanted: GetWanted): Uint8Array {
  const { ids, withPayload, withVector, rowRule } = wanted
  const value = create(engine.GetPointsSchema, { ids: [...ids], withPayload, withVector })
  return encodeRead({ case: 'get', value }, rowRule)
}

/**
 * The engine's answer to a read.
 *
 * @throws VectronError what the engine refused it for.
 */
export function decodeReadResult(encoded: Uint8Array): engine.ReadResult {
  const result = fromBinary(engine.ReadResultSchema, encoded)
  if (result.error !== undefined) throw toEngineError(result.error, '')
  return result
}

/**
 * What the engine refused, as an error of the public API.
 *
 * @param prefix `searches[3].` within a batch, else empty.
 */
export function toEngineError(error: engine.EngineError, prefix: string): VectronError {
  const { reason, message, subject } = error
  if (!isErrorReason(reason)) return new VectronError('INTERNAL', message)
  const context = subject === '' ? {} : { subject }
  return new VectronError(reason, prefix === '' ? message : `${prefix.slice(0, -1)}: ${message}`, {
    ...context,
    ...(FILTER_REASONS.has(reason) ? { field: `${prefix}filter` } : {}),
    ...(reason === 'INVALID_ARGUMENT' ? { field: `${prefix}${subject}` } : {}),
  })
}

const FILTER_REASONS: ReadonlySet<string> = new Set(['INVALID_FILTER', 'FILTER_TYPE_MISMATCH'])
