/** Which fields of payloads a search returns: checked, and applied to its results. */

import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { LIMITS, VectronError } from '@vectron/base'
import { wire } from '@vectron/contracts'
import { FieldSelector } from '@vectron/rpc'

/** @throws VectronError INVALID_ARGUMENT, BATCH_TOO_LARGE */
export function takeFields(
  { payloadFields, withPayload }: wire.SearchRequest,
  prefix: string,
): FieldSelector | undefined {
  if (payloadFields === undefined) return undefined
  const field = `${prefix}payloadFields`
  if (withPayload === false) {
    const message = `${field} says which fields of payloads to return, and withPayload is false.`
    throw new VectronError('INVALID_ARGUMENT', message, { field })
  }
  const { include, exclude } = payloadFields
  const count = include.length + exclude.length
  if (count > LIMITS.payloadFieldsMax) {
    const message = `${field} has ${count} paths; the limit is ${LIMITS.payloadFieldsMax}.`
    throw new VectronError('BATCH_TOO_LARGE', message, { field })
  }
  for (const [name, paths] of [
    ['include', include],
    ['exclude', exclude],
  ] as const) {
    paths.forEach((path, index) => {
      checkPath(path, `${field}.${name}[${index}]`)
    })
  }
  return new FieldSelector(payloadFields)
}

/** @throws VectronError INVALID_ARGUMENT for what is no path of a payload field. */
export function checkPath(path: string, field: string): void {
  const bytes = Buffer.byteLength(path)
  if (bytes >= 1 && bytes <= LIMITS.fieldPathBytesMax) return
  const found = bytes === 0 ? 'is empty' : `has ${bytes} bytes`
  throw new VectronError(
    'INVALID_ARGUMENT',
    `${field} ${found}; the path of a payload field has 1 to ${LIMITS.fieldPathBytesMax} bytes.`,
    { field },
  )
}

/**
 * The results with what is wanted of their payloads; as they are when that is all there is.
 *
 * @param points each an encoded `vectron.v1.ScoredPoint`
 */
export function withFields(
  points: Uint8Array[],
  { withPayload, groupBy }: wire.SearchRequest,
  fields: FieldSelector | undefined,
): Uint8Array[] {
  // Groups are made by payloads, whether they are wanted or not.
  const isBare = withPayload === false && groupBy !== undefined
  if (fields === undefined && !isBare) return points
  return points.map((encoded) => {
    const point = fromBinary(wire.ScoredPointSchema, encoded)
    const payload = isBare ? new Uint8Array() : fields?.select(point.payload)
    return toBinary(wire.ScoredPointSchema, { ...point, payload: payload ?? point.payload })
  })
}
