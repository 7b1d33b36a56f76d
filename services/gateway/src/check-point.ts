/**
 * Checks of what a caller says about points: ids, vectors, payloads.
 *
 * Each takes the path of the field for the error (`points[3].vector`); the path is only built when
 * there is something to say, because these run for each point of every upsert.
 */

import { LIMITS, VectronError, viewOf } from '@vectron/base'
import { parseVector, vectron } from '@vectron/contracts'

/** Builds the path of the field at fault. */
export type FieldPath = () => string

/** What a vector must be like. */
export interface VectorRule {
  readonly collection: string
  readonly dimension: number
  readonly metric: vectron.Metric
}

/** @throws VectronError INVALID_ID */
export function checkId(id: string, field: FieldPath): void {
  // Three bytes are the most that UTF-8 makes of one UTF-16 unit.
  const sureToFit = id.length > 0 && id.length * 3 <= LIMITS.idBytesMax
  if (sureToFit) return
  const bytes = Buffer.byteLength(id)
  if (bytes >= 1 && bytes <= LIMITS.idBytesMax) return
  const found = bytes === 0 ? 'is empty' : `has ${bytes} bytes`
  throw new VectronError(
    'INVALID_ID',
    `${field()} ${found}; an id has 1 to ${LIMITS.idBytesMax} bytes of UTF-8.`,
    { field: field() },
  )
}

/**
 * The little-endian f32 of an encoded vector, checked: a view of it where possible.
 *
 * @throws VectronError MISSING_FIELD, INVALID_VECTOR, WRONG_DIMENSION, NOT_FINITE, ZERO_VECTOR
 */
export function takeVector(encoded: Uint8Array, rule: VectorRule, field: FieldPath): Uint8Array {
  const f32 = decodeVector(encoded, field)
  if (f32.length !== 4 * rule.dimension) throw wrongLength(f32.length, rule, field)
  const nonZero = checkFinite(f32, field)
  if (!nonZero && rule.metric !== vectron.Metric.DOT && rule.metric !== vectron.Metric.L2) {
    throw new VectronError(
      'ZERO_VECTOR',
      `${field()} is all zeros; it has no direction for the cosine metric of "${rule.collection}".`,
      { field: field() },
    )
  }
  return f32
}

/**
 * The version that a write expects; undefined when it expects none.
 *
 * @throws VectronError INVALID_ARGUMENT when no point can have it
 */
export function takeVersion(version: bigint | undefined, field: FieldPath): bigint | undefined {
  if (version === undefined || version <= Number.MAX_SAFE_INTEGER) return version
  throw new VectronError('INVALID_ARGUMENT', `${field()} is ${version}, which no point can have.`, {
    field: field(),
  })
}

/** Date, time and zone: what `Date.parse` takes of other forms is left to its imagination. */
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/**
 * Unix milliseconds of a time of expiry; undefined for never.
 *
 * @throws VectronError INVALID_ARGUMENT
 */
export function takeExpiry(text: string, field: FieldPath): number | undefined {
  if (text === '') return undefined
  const ms = RFC_3339.test(text) ? Math.floor(Date.parse(text.toUpperCase())) : Number.NaN
  // 0 means never, inside.
  if (ms > 0) return ms
  const what = Number.isNaN(ms) ? 'is no time in the form of RFC 3339' : 'is not after 1970'
  throw new VectronError('INVALID_ARGUMENT', `${field()}: "${text}" ${what}.`, { field: field() })
}

/** What a payload says; only looked at, since its bytes are what is stored. */
export type PayloadValue = Readonly<Record<string, unknown>>

/**
 * Checks that the bytes are one JSON object within the limits, or none. Answers what it says.
 *
 * @throws VectronError INVALID_PAYLOAD
 */
export function checkPayload(payload: Uint8Array, field: FieldPath): PayloadValue | undefined {
  if (payload.length === 0) return undefined
  if (payload.length > LIMITS.payloadBytesMax) {
    throw invalidPayload(
      field,
      `has ${payload.length} bytes; the limit is ${LIMITS.payloadBytesMax}`,
    )
  }
  const value = parsePayload(payload, field)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidPayload(field, 'is no JSON object')
  }
  if (mayBeDeep(payload) && depthOf(value) > LIMITS.payloadDepthMax) {
    throw invalidPayload(field, `is nested deeper than ${LIMITS.payloadDepthMax} levels`)
  }
  return value as PayloadValue
}

function decodeVector(encoded: Uint8Array, field: FieldPath): Uint8Array {
  let f32: Uint8Array | undefined
  try {
    f32 = parseVector(encoded)
  } catch (cause) {
    throw new VectronError('INVALID_VECTOR', `${field()} is no encoded vector.`, {
      field: field(),
      cause,
    })
  }
  if (f32 !== undefined) return f32
  throw new VectronError('MISSING_FIELD', `${field()} holds neither floats nor f32.`, {
    field: field(),
  })
}

function wrongLength(bytes: number, rule: VectorRule, field: FieldPath): VectronError {
  if (bytes % 4 !== 0) {
    return new VectronError(
      'INVALID_VECTOR',
      `${field()} has ${bytes} bytes, which is no whole number of f32.`,
      { field: field() },
    )
  }
  return new VectronError(
    'WRONG_DIMENSION',
    `${field()} has ${bytes / 4} components; the collection "${rule.collection}" has ${rule.dimension}.`,
    { field: field() },
  )
}

/** Bits of an f32: all exponent bits set means NaN or infinity. */
const EXPONENT = 0x7f800000
const ALL_BUT_SIGN = 0x7fffffff

/** Refuses NaN and infinities by their bits; answers whether some component is not zero. */
function checkFinite(f32: Uint8Array, field: FieldPath): boolean {
  const components = f32.length >> 2
  let seen = 0
  if (f32.byteOffset % 4 === 0) {
    const bits = new Uint32Array(f32.buffer, f32.byteOffset, components)
    for (let i = 0; i < components; i++) {
      const word = bits[i] as number
      if ((word & EXPONENT) === EXPONENT) throw notFinite(f32, i, field)
      seen |= word
    }
  } else {
    const view = viewOf(f32)
    for (let i = 0; i < components; i++) {
      const word = view.getUint32(4 * i, true)
      if ((word & EXPONENT) === EXPONENT) throw notFinite(f32, i, field)
      seen |= word
    }
  }
  return (seen & ALL_BUT_SIGN) !== 0
}

function notFinite(f32: Uint8Array, index: number, field: FieldPath): VectronError {
  const value = viewOf(f32).getFloat32(4 * index, true)
  return new VectronError('NOT_FINITE', `${field()}: component ${index} is ${value}.`, {
    field: field(),
  })
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parsePayload(payload: Uint8Array, field: FieldPath): unknown {
  let text: string
  try {
    text = utf8.decode(payload)
  } catch (cause) {
    throw new VectronError('INVALID_UTF8', `${field()} is not valid UTF-8.`, {
      field: field(),
      cause,
    })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalidPayload(field, 'is not valid JSON', cause)
  }
}

const OPEN_OBJECT = 0x7b
const OPEN_ARRAY = 0x5b

/**
 * Whether there are brackets enough for too deep a nesting; spares nearly every payload the walk.
 */
function mayBeDeep(payload: Uint8Array): boolean {
  let brackets = 0
  for (const byte of payload) if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) brackets++
  return brackets > LIMITS.payloadDepthMax
}

/** Levels of objects and arrays. Without recursion: the nesting is what is not trusted here. */
function depthOf(value: object): number {
  let depth = 0
  let level: object[] = [value]
  while (level.length > 0 && depth <= LIMITS.payloadDepthMax) {
    depth++
    level = level.flatMap((parent) =>
      Object.values(parent).filter((child) => typeof child === 'object' && child !== null),
    )
  }
  return depth
}

function invalidPayload(field: FieldPath, what: string, cause?: unknown): VectronError {
  return new VectronError('INVALID_PAYLOAD', `${field()} ${what}.`, { field: field(), cause })
}
