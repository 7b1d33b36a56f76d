/**
 * JSON bodies to protobuf bytes and back: the door of this folder.
 */
import { isUtf8 } from 'node:buffer'
import { LIMITS, VectronError } from '@vectron/base'
import { ByteWriter } from './byte-writer.ts'
import { JsonCursor } from './json-cursor.ts'
import type { FieldPlan, MessagePlan } from './plan.ts'
import { type BoundFields, readMessage, readTagged } from './read-message.ts'
import { isPackable } from './write-value.ts'

/** The bytes of a message from its JSON body; `bound` are fields that the URL's path gave. */
export function jsonToMessage(plan: MessagePlan, body: Buffer, bound: BoundFields): Buffer {
  // Vectors as text are longer than as f32; the body's length is always enough to begin with.
  const out = new ByteWriter(body.length)
  writeBound(bound, out)
  readBody(body, (cursor) => readMessage(plan, cursor, out, bound))
  return out.finish()
}

/** The bytes of one field from the JSON body that is its value. */
export function jsonToField(field: FieldPlan, body: Buffer): Buffer {
  const out = new ByteWriter(body.length)
  readBody(body, (cursor) => {
    cursor.path.push(field.jsonName)
    readTagged(field, cursor, out)
    cursor.path.pop()
  })
  return out.finish()
}

function readBody(body: Buffer, read: (cursor: JsonCursor) => void): void {
  if (!isUtf8(body)) throw new VectronError('INVALID_UTF8', 'The body is not valid UTF-8.')
  const cursor = new JsonCursor(withoutByteOrderMark(body), LIMITS.jsonDepthMax)
  read(cursor)
  cursor.finish()
}

/** Some Windows tools begin each file with one. */
function withoutByteOrderMark(body: Buffer): Buffer {
  const marked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
  return marked ? body.subarray(3) : body
}

/** Writes fields whose values the URL gave, as text. */
function writeBound(bound: BoundFields, out: ByteWriter): void {
  for (const [field, text] of bound) {
    const cursor = new JsonCursor(textAsJson(field, text), 1)
    cursor.path.push(field.jsonName)
    readTagged(field, cursor, out)
    cursor.finish()
  }
}

/**
 * The JSON value that a text in a URL stands for: what its field takes decides about the
 * quotes.
 */
export function textAsJson(field: FieldPlan, text: string): Buffer {
  return Buffer.from(isBareLiteral(field, text) ? text : JSON.stringify(text))
}

function isBareLiteral(field: FieldPlan, text: string): boolean {
  const { form } = field
  if (form.kind === 'message') return form.message.form === 'scalar' && isLiteral(text)
  if (form.kind !== 'scalar' || !isPackable(form.scalar)) return false
  return isLiteral(text)
}

function isLiteral(text: string): boolean {
  return /^(true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)$/.test(text)
}

export { messageToJson } from './write-message.ts'
