/** From the entries of a request of feedback to points: every check, every default. */
import { hash, randomUUID } from 'node:crypto'
import { create, toBinary } from '@bufbuild/protobuf'
import { LIMITS, VectronError } from '@vectron/base'
import { vectron, wire } from '@vectron/contracts'
import { checkId } from '../check-point.ts'

/** Payload fields of a point of feedback, as they are indexed. */
export const FEEDBACK_SCHEMA: Readonly<Record<string, vectron.FieldType>> = {
  text: vectron.FieldType.STORED,
  pointId: vectron.FieldType.KEYWORD,
  kind: vectron.FieldType.KEYWORD,
  grade: vectron.FieldType.INTEGER,
  requestId: vectron.FieldType.KEYWORD,
  time: vectron.FieldType.DATETIME,
}

export interface FeedbackOf {
  /** The collection whose searches it is about. */
  readonly collection: vectron.Collection
  /** Milliseconds since 1970. */
  readonly nowMs: number
}

/** @throws VectronError with the field at fault, such as `entries[3].grade` */
export function takeFeedback(
  entries: readonly vectron.FeedbackEntry[],
  of: FeedbackOf,
): wire.PointInput[] {
  return entries.map((entry, index) => takeEntry(entry, `entries[${index}]`, of))
}

function takeEntry(
  entry: vectron.FeedbackEntry,
  path: string,
  { collection, nowMs }: FeedbackOf,
): wire.PointInput {
  const { text, vector, id: pointId, requestId } = entry
  checkId(pointId, () => `${path}.id`)
  checkQuery(entry, path, collection)
  if (Buffer.byteLength(requestId) > LIMITS.requestIdBytesMax) {
    const max = LIMITS.requestIdBytesMax
    throw invalid(`${path}.requestId`, `has more than ${max} bytes`)
  }
  const grade = takeGrade(entry, path)
  const kind = grade === undefined ? 'click' : 'judgement'
  const payload = {
    ...(text !== '' && { text }),
    pointId,
    kind,
    ...(grade !== undefined && { grade }),
    ...(requestId !== '' && { requestId }),
    time: new Date(nowMs).toISOString(),
  }
  return create(wire.PointInputSchema, {
    id: idOf(entry, kind),
    payload: Buffer.from(JSON.stringify(payload)),
    // A vector says more exactly what was asked than its text.
    ...(vector === undefined ? { text } : { vector: toBinary(vectron.VectorSchema, vector) }),
  })
}

function checkQuery(
  { text, vector }: vectron.FeedbackEntry,
  path: string,
  { name, embedder }: vectron.Collection,
): void {
  if (vector !== undefined) return
  if (text === '') {
    const message = `${path}.text or ${path}.vector must say what was searched for.`
    throw new VectronError('MISSING_FIELD', message, { field: `${path}.text` })
  }
  if (embedder !== '') return
  const message = `${path}.vector is missing: the collection "${name}" has no embedder for its text.`
  throw new VectronError('MISSING_FIELD', message, { field: `${path}.vector` })
}

/** undefined: it is a click. */
function takeGrade({ kind, grade }: vectron.FeedbackEntry, path: string): number | undefined {
  switch (kind) {
    case vectron.FeedbackKind.CLICK:
      if (grade === undefined) return undefined
      throw invalid(`${path}.grade`, 'is of a judgement; a click has none')
    case vectron.FeedbackKind.JUDGEMENT:
      if (grade === undefined) {
        const message = `${path}.grade is missing: 0 for useless to ${LIMITS.feedbackGradeMax}.`
        throw new VectronError('MISSING_FIELD', message, { field: `${path}.grade` })
      }
      if (grade <= LIMITS.feedbackGradeMax) return grade
      throw invalid(`${path}.grade`, `is ${grade}; it must be 0 to ${LIMITS.feedbackGradeMax}`)
    case vectron.FeedbackKind.UNSPECIFIED: {
      const message = `${path}.kind is missing: click or judgement.`
      throw new VectronError('MISSING_FIELD', message, { field: `${path}.kind` })
    }
    default:
      throw invalid(`${path}.kind`, `${kind} is none of click, judgement`)
  }
}

/**
 * The same for what counts once: a judgement of a result of a query, of which the last one counts,
 * and a click of one request on one result. A click without a request is one of its own.
 */
function idOf(entry: vectron.FeedbackEntry, kind: 'click' | 'judgement'): string {
  const { text, vector, id, requestId } = entry
  const query = vector === undefined ? '' : Buffer.from(toBinary(vectron.VectorSchema, vector))
  const occasion = kind === 'judgement' ? '' : requestId || randomUUID()
  const parts = [text, query.toString('base64'), id, occasion]
  return `${kind}-${hash('sha256', JSON.stringify(parts), 'base64url')}`
}

function invalid(field: string, what: string): VectronError {
  return new VectronError('INVALID_ARGUMENT', `${field} ${what}.`, { field })
}
