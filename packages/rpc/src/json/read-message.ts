/**
 * From JSON text to the protobuf bytes of a message, in one pass and without an object in between.
 *
 * The bytes are what a gRPC client would have sent, so one decoder (and one shadow) serves both
 * protocols, and a vector's floats go from text to their four bytes directly. plan.ts has the
 * rules. Every refusal names the field's path as the caller wrote it.
 */
import { didYouMean, VectronError } from '@vectron/base'
import { type ByteWriter, WIRE } from './byte-writer.ts'
import type { JsonCursor } from './json-cursor.ts'
import type { FieldPlan, MessagePlan, ValueForm } from './plan.ts'
import { readEnum, readJsonText, readScalar, scalarWireType } from './read-value.ts'
import { readBareScalar, readVector } from './read-vector.ts'

/**
 * Fields that the path of the URL gave, with their text: a body may repeat them, not change
 * them.
 */
export type BoundFields = ReadonlyMap<FieldPlan, string>

const nothingBound: BoundFields = new Map()

/** Reads the value of a message field (for the top: the body) and writes the message's content. */
export function readMessage(
  plan: MessagePlan,
  cursor: JsonCursor,
  out: ByteWriter,
  bound: BoundFields = nothingBound,
): void {
  switch (plan.form) {
    case 'vector':
      readVector(cursor, out)
      return
    case 'scalar':
      readBareScalar(cursor, out)
      return
    case 'list':
      readList(plan.fields[0] as FieldPlan, cursor, out)
      return
    case 'fields':
      readFields(plan, cursor, out, bound)
      return
  }
}

function readFields(
  plan: MessagePlan,
  cursor: JsonCursor,
  out: ByteWriter,
  bound: BoundFields,
): void {
  if (cursor.peek() !== 'object') throw mismatch(cursor, 'an object')
  let seen = 0
  let seenOneofs = 0
  cursor.open('{')
  for (let first = true; cursor.more('}', first); first = false) {
    const key = cursor.readKey()
    const field = plan.fieldByName.get(key)
    if (field === undefined) throw unknownField(plan, cursor, key)
    cursor.path.push(key)
    if (seen & (1 << field.index)) throw repeatedField(cursor, key)
    seen |= 1 << field.index
    if (cursor.peek() === 'null') {
      cursor.takeNull()
    } else if (bound.has(field)) {
      readBound(cursor, bound.get(field) as string)
    } else {
      if (field.oneof >= 0) {
        if (seenOneofs & (1 << field.oneof)) throw secondOfOneof(plan, cursor, field)
        seenOneofs |= 1 << field.oneof
      }
      readTagged(field, cursor, out)
    }
    cursor.path.pop()
  }
}

/** Reads the value of one field and writes it with its tag, or tags. */
export function readTagged(field: FieldPlan, cursor: JsonCursor, out: ByteWriter): void {
  switch (field.cardinality) {
    case 'singular':
      writeTagged(field.number, field.form, cursor, out)
      return
    case 'list':
      readList(field, cursor, out)
      return
    case 'map':
      readMap(field, cursor, out)
      return
  }
}

function readList(field: FieldPlan, cursor: JsonCursor, out: ByteWriter): void {
  if (cursor.peek() !== 'array') throw mismatch(cursor, 'an array')
  cursor.open('[')
  cursor.path.push(0)
  for (let item = 0; cursor.more(']', item === 0); item++) {
    cursor.path.replace(item)
    writeTagged(field.number, field.form, cursor, out)
  }
  cursor.path.pop()
}

/** A map is a list of entries: key 1, value 2. */
function readMap(field: FieldPlan, cursor: JsonCursor, out: ByteWriter): void {
  if (cursor.peek() !== 'object') throw mismatch(cursor, 'an object')
  const keys = new Set<string>()
  cursor.open('{')
  for (let first = true; cursor.more('}', first); first = false) {
    const key = cursor.readKey()
    if (keys.has(key)) throw repeatedField(cursor, key)
    keys.add(key)
    out.tag(field.number, WIRE.delimited)
    const entry = out.beginDelimited()
    out.tag(1, WIRE.delimited)
    const begin = out.beginDelimited()
    out.utf8(key)
    out.endDelimited(begin)
    cursor.path.push(key)
    writeTagged(2, field.form, cursor, out)
    cursor.path.pop()
    out.endDelimited(entry)
  }
}

/** Reads one value and writes it with its tag. */
function writeTagged(number: number, form: ValueForm, cursor: JsonCursor, out: ByteWriter): void {
  switch (form.kind) {
    case 'scalar':
      out.tag(number, scalarWireType(form.scalar))
      readScalar(form.scalar, cursor, out)
      return
    case 'enum':
      out.tag(number, WIRE.varint)
      readEnum(form.enum, cursor, out)
      return
    case 'json-text': {
      out.tag(number, WIRE.delimited)
      const begin = out.beginDelimited()
      readJsonText(cursor, out)
      out.endDelimited(begin)
      return
    }
    case 'message': {
      out.tag(number, WIRE.delimited)
      const begin = out.beginDelimited()
      readMessage(form.message, cursor, out)
      out.endDelimited(begin)
      return
    }
  }
}

function readBound(cursor: JsonCursor, fromPath: string): void {
  if (cursor.peek() === 'string' && cursor.readString() === fromPath) return
  const field = cursor.path.text()
  const message = `${field} is "${fromPath}" by the path of the URL; the body says something else.`
  throw new VectronError('INVALID_ARGUMENT', message, { field })
}

function mismatch(cursor: JsonCursor, wanted: string): VectronError {
  const kind = cursor.peek()
  if (kind === 'nothing') return cursor.fault(`${wanted} is missing`)
  const field = cursor.path.text()
  const message = `${field ?? 'The body'} must be ${wanted}, not ${describeKind(kind)}.`
  return new VectronError('FIELD_TYPE_MISMATCH', message, { field })
}

function describeKind(kind: string): string {
  if (kind === 'null') return 'null'
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`
}

function unknownField(plan: MessagePlan, cursor: JsonCursor, key: string): VectronError {
  const known = plan.fields.map((field) => field.jsonName)
  const hint = didYouMean(key, known) || ` It has: ${known.join(', ') || 'no fields'}.`
  const message = `${plan.desc.name} has no field "${key}".${hint}`
  return new VectronError('UNKNOWN_FIELD', message, { field: cursor.path.child(key) })
}

function repeatedField(cursor: JsonCursor, key: string): VectronError {
  const field = cursor.path.text()
  return new VectronError('INVALID_JSON', `"${key}" stands twice in one object.`, { field })
}

function secondOfOneof(plan: MessagePlan, cursor: JsonCursor, field: FieldPlan): VectronError {
  const members = plan.fields.filter((each) => each.oneof === field.oneof)
  const names = members.map((each) => each.jsonName).join(', ')
  const message = `Only one of ${names} may be set.`
  return new VectronError('INVALID_ARGUMENT', message, { field: cursor.path.text() })
}
