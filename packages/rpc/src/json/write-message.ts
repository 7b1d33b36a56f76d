/**
 * From the protobuf bytes of a message to its JSON text, without an object in between.
 *
 * Payloads and other JSON texts are copied as they are; ids are escaped only where they must be.
 * plan.ts has the rules. Invariant: the text is one line.
 */
import { ByteWriter, WIRE } from './byte-writer.ts'
import type { FieldPlan, MessagePlan, ValueForm } from './plan.ts'
import { WireReader } from './wire-reader.ts'
import {
  isPackable,
  scalarDefault,
  writeEnum,
  writeJsonText,
  writeScalar,
  writeString,
} from './write-value.ts'
import { writeBareScalar, writeVector } from './write-vector.ts'

/** The JSON text of an encoded message, as UTF-8. */
export function messageToJson(plan: MessagePlan, encoded: Buffer): Buffer {
  // JSON is somewhat longer than protobuf; a good guess saves copying.
  const out = new ByteWriter(encoded.length * 2 + 256)
  writeMessage(plan, new WireReader(encoded), encoded.length, out)
  return out.finish()
}

/** Writes the message that ends at `end`. */
function writeMessage(plan: MessagePlan, reader: WireReader, end: number, out: ByteWriter): void {
  switch (plan.form) {
    case 'vector':
      writeVector(reader, end, out)
      return
    case 'scalar':
      writeBareScalar(reader, end, out)
      return
    case 'list':
      writeFoundList(plan.fields[0] as FieldPlan, reader, findFields(plan, reader, end), out)
      return
    case 'fields':
      writeFields(plan, reader, end, out)
      return
  }
}

/** Where the values of each field stand: pairs of wire type and position, by the field's index. */
type Found = (number[] | undefined)[]

function findFields(plan: MessagePlan, reader: WireReader, end: number): Found {
  const found: Found = new Array(plan.fields.length)
  while (reader.at < end) {
    const tag = reader.varint()
    const wireType = tag & 7
    const field = plan.fieldByNumber.get(tag >>> 3)
    if (field !== undefined) {
      const places = found[field.index]
      if (places === undefined) found[field.index] = [wireType, reader.at]
      else places.push(wireType, reader.at)
    }
    reader.skip(wireType)
  }
  return found
}

function writeFields(plan: MessagePlan, reader: WireReader, end: number, out: ByteWriter): void {
  const found = findFields(plan, reader, end)
  let separator = '{"'
  for (const field of plan.fields) {
    const places = found[field.index]
    if (places === undefined && field.optional) continue
    const start = out.length
    out.ascii(separator)
    out.ascii(field.jsonName)
    out.ascii('":')
    if (writeField(field, reader, found, out)) separator = ',"'
    else out.truncate(start)
  }
  out.ascii(separator === '{"' ? '{}' : '}')
  reader.at = end
}

/** false: the field turned out to have nothing to show. */
function writeField(field: FieldPlan, reader: WireReader, found: Found, out: ByteWriter): boolean {
  const places = found[field.index]
  switch (field.cardinality) {
    case 'list':
      writeFoundList(field, reader, found, out)
      return true
    case 'map':
      writeMap(field, reader, places ?? [], out)
      return true
    case 'singular':
      if (places === undefined) {
        out.ascii(defaultText(field.form))
        return true
      }
      reader.at = places[places.length - 1] as number
      return writeValue(field.form, reader, out)
  }
}

function writeFoundList(field: FieldPlan, reader: WireReader, found: Found, out: ByteWriter): void {
  const places = found[field.index] ?? []
  let separator = '['
  for (let i = 0; i < places.length; i += 2) {
    reader.at = places[i + 1] as number
    const packed = places[i] === WIRE.delimited && holdsPacked(field.form)
    const end = packed ? reader.varint() + reader.at : 0
    do {
      out.ascii(separator)
      writeValue(field.form, reader, out)
      separator = ','
    } while (packed && reader.at < end)
  }
  out.ascii(separator === '[' ? '[]' : ']')
}

function writeMap(field: FieldPlan, reader: WireReader, places: number[], out: ByteWriter): void {
  let separator = '{'
  for (let i = 0; i < places.length; i += 2) {
    reader.at = places[i + 1] as number
    const end = reader.varint() + reader.at
    out.ascii(separator)
    writeEntry(field, reader, end, out)
    separator = ','
  }
  out.ascii(separator === '{' ? '{}' : '}')
}

/** One entry of a map: key 1, value 2; either is left out when it is the default. */
function writeEntry(field: FieldPlan, reader: WireReader, end: number, out: ByteWriter): void {
  let key = -1
  let value = -1
  while (reader.at < end) {
    const tag = reader.varint()
    if (tag >>> 3 === 1) key = reader.at
    else value = reader.at
    reader.skip(tag & 7)
  }
  reader.at = key
  if (key < 0) out.ascii('""')
  else writeString(reader, out)
  out.ascii(':')
  reader.at = value
  if (value < 0) out.ascii(defaultText(field.form))
  else writeValue(field.form, reader, out)
  reader.at = end
}

function writeValue(form: ValueForm, reader: WireReader, out: ByteWriter): boolean {
  switch (form.kind) {
    case 'scalar':
      writeScalar(form.scalar, reader, out)
      return true
    case 'enum':
      writeEnum(form.enum, reader, out)
      return true
    case 'json-text':
      return writeJsonText(reader, out)
    case 'message': {
      const end = reader.varint() + reader.at
      writeMessage(form.message, reader, end, out)
      return true
    }
  }
}

function holdsPacked(form: ValueForm): boolean {
  return form.kind === 'enum' || (form.kind === 'scalar' && isPackable(form.scalar))
}

function defaultText(form: ValueForm): string {
  switch (form.kind) {
    case 'scalar':
      return scalarDefault(form.scalar)
    case 'enum':
      return JSON.stringify(form.enum.nameOf.get(0) ?? 0)
    case 'json-text':
      return 'null'
    case 'message':
      return '{}'
  }
}
