/**
 * How each message looks in JSON, worked out once from its descriptor.
 *
 * The rules (all of them; docs of the API say the same):
 * - names are lowerCamelCase; snake_case is accepted in requests;
 * - 64-bit integers are numbers up to 2^53 and strings beyond; both are accepted;
 * - enums are short lower-case names ("cosine" for METRIC_COSINE); long names are accepted;
 * - a field with `json_text` is the JSON value that its text is;
 * - Vector is an array of numbers, or in requests base64 of little-endian f32; Scalar is a bare
 *   value; Scalars and Ids are bare arrays;
 * - in answers, fields of no presence are always there; absent messages and optionals are left out.
 *
 * What has no JSON form here (bytes keys, well-known types, groups) fails when the plan is made: at
 * start, not at the first request.
 */
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  hasOption,
  ScalarType,
} from '@bufbuild/protobuf'
import { vectron } from '@vectron/contracts'

/** The JSON form of one value. */
export type ValueForm =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly enum: EnumPlan }
  | { readonly kind: 'message'; readonly message: MessagePlan }
  | { readonly kind: 'json-text' }

export interface FieldPlan {
  readonly desc: DescField
  readonly number: number
  /** Position in MessagePlan.fields. */
  readonly index: number
  readonly jsonName: string
  readonly protoName: string
  readonly cardinality: 'singular' | 'list' | 'map'
  /** Of the value; for lists of an item, for maps of an entry's value. */
  readonly form: ValueForm
  /** Left out of answers when not set. */
  readonly optional: boolean
  /** Position in MessagePlan.oneofs; -1 for none. */
  readonly oneof: number
}

export interface MessagePlan {
  readonly desc: DescMessage
  /**
   * - `fields`: an object;
   * - `vector`: vectron.v1.Vector;
   * - `scalar`: vectron.v1.Scalar;
   * - `list`: a message of one repeated field, as the bare array.
   */
  readonly form: 'fields' | 'vector' | 'scalar' | 'list'
  readonly fields: readonly FieldPlan[]
  readonly fieldByName: ReadonlyMap<string, FieldPlan>
  readonly fieldByNumber: ReadonlyMap<number, FieldPlan>
  /** Names in JSON, for hints. */
  readonly oneofs: readonly string[]
}

export interface EnumPlan {
  readonly desc: DescEnum
  /** Short names by number. */
  readonly nameOf: ReadonlyMap<number, string>
  /** Numbers by every accepted name. */
  readonly numberOf: ReadonlyMap<string, number>
}

/** A descriptor that has no JSON form; thrown when a server is put together. */
export class UnsupportedDescriptor extends Error {
  override readonly name = 'UnsupportedDescriptor'
}

// Readers track the fields that they have seen in the bits of one number.
const FIELDS_MAX = 31

const bareLists: readonly DescMessage[] = [
  vectron.ScalarsSchema,
  vectron.IdsSchema,
  vectron.FloatsSchema,
]

const plans = new WeakMap<DescMessage, MessagePlan>()
const enumPlans = new WeakMap<DescEnum, EnumPlan>()

/** The plan of a message; throws UnsupportedDescriptor. */
export function planMessage(desc: DescMessage): MessagePlan {
  const known = plans.get(desc)
  if (known !== undefined) return known
  if (desc.typeName.startsWith('google.protobuf.')) {
    throw new UnsupportedDescriptor(`${desc.typeName} has no JSON form here`)
  }
  if (desc.fields.length > FIELDS_MAX) {
    throw new UnsupportedDescriptor(`${desc.typeName} has more than ${FIELDS_MAX} fields`)
  }
  const fields: FieldPlan[] = []
  const fieldByName = new Map<string, FieldPlan>()
  const fieldByNumber = new Map<number, FieldPlan>()
  const oneofs = desc.oneofs.map((oneof) => oneof.name)
  const plan = { desc, form: formOf(desc), fields, fieldByName, fieldByNumber, oneofs }
  // Registered before its fields are planned: a filter holds conditions that hold filters.
  plans.set(desc, plan)
  for (const [index, field] of desc.fields.entries()) {
    const planned = planField(field, index)
    fields.push(planned)
    fieldByName.set(planned.jsonName, planned).set(planned.protoName, planned)
    fieldByNumber.set(planned.number, planned)
  }
  return plan
}

function formOf(desc: DescMessage): MessagePlan['form'] {
  if (desc === vectron.VectorSchema) return 'vector'
  if (desc === vectron.ScalarSchema) return 'scalar'
  return bareLists.includes(desc) ? 'list' : 'fields'
}

function planField(desc: DescField, index: number): FieldPlan {
  const isList = desc.fieldKind === 'list'
  const cardinality = isList ? 'list' : desc.fieldKind === 'map' ? 'map' : 'singular'
  const form = planForm(desc)
  const single = cardinality === 'singular'
  const hasPresence = desc.proto.proto3Optional || desc.oneof !== undefined
  return {
    desc,
    number: desc.number,
    index,
    jsonName: desc.jsonName,
    protoName: desc.name,
    cardinality,
    form,
    optional: single && (hasPresence || form.kind === 'message' || form.kind === 'json-text'),
    oneof: desc.oneof === undefined ? -1 : desc.parent.oneofs.indexOf(desc.oneof),
  }
}

function planForm(desc: DescField): ValueForm {
  if (desc.fieldKind === 'map' && desc.mapKey !== ScalarType.STRING) {
    throw new UnsupportedDescriptor(`${desc.toString()} is a map with keys that are no strings`)
  }
  if (hasOption(desc, vectron.json_text)) return { kind: 'json-text' }
  if (desc.message !== undefined) return { kind: 'message', message: planMessage(desc.message) }
  if (desc.enum !== undefined) return { kind: 'enum', enum: planEnum(desc.enum) }
  return { kind: 'scalar', scalar: desc.scalar as ScalarType }
}

function planEnum(desc: DescEnum): EnumPlan {
  const known = enumPlans.get(desc)
  if (known !== undefined) return known
  const prefix = `${desc.name.replace(/(?<=[a-z0-9])[A-Z]/g, '_$&').toUpperCase()}_`
  const nameOf = new Map<number, string>()
  const numberOf = new Map<string, number>()
  for (const value of desc.values) {
    const short = value.name.startsWith(prefix) ? value.name.slice(prefix.length) : value.name
    if (!nameOf.has(value.number)) nameOf.set(value.number, short.toLowerCase())
    for (const name of [short.toLowerCase(), short, value.name]) numberOf.set(name, value.number)
  }
  const plan = { desc, nameOf, numberOf }
  enumPlans.set(desc, plan)
  return plan
}
