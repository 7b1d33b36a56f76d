/**
 * JSON Schemas (draft 2020-12, as OpenAPI 3.1 has them) of messages, from the same plans that the
 * JSON codec follows.
 *
 * Schemas say what the server writes, and the best form to send: short enum names, lowerCamelCase.
 */
import { ScalarType } from '@bufbuild/protobuf'
import type { EnumPlan, FieldPlan, MessagePlan, ValueForm } from '../json/plan.ts'
import type { Comments } from './comments.ts'

/** A JSON Schema; only what is used here. */
export interface Schema {
  readonly [keyword: string]: unknown
}

/** Messages whose answers hold every field that has no presence, so that they are required. */
export type Direction = 'request' | 'response'

const UINT32_MAX = 2 ** 32 - 1
const INT32_MAX = 2 ** 31 - 1

/** Collects the schemas of messages and enums under their short names. */
export class SchemaSet {
  readonly schemas: Record<string, Schema> = {}
  readonly #comments: Comments
  /** Fields that the path gives wherever their message is a body. */
  readonly #hidden: ReadonlySet<FieldPlan>

  constructor(comments: Comments, hidden: ReadonlySet<FieldPlan>) {
    this.#comments = comments
    this.#hidden = hidden
  }

  /** A reference to a message's schema, which is added with all that it refers to. */
  message(plan: MessagePlan, direction: Direction): Schema {
    const { name, typeName } = plan.desc
    if (!(name in this.schemas)) {
      // Registered before its fields are described: a filter holds conditions that hold filters.
      this.schemas[name] = {}
      const described = this.#describe(plan, direction)
      this.schemas[name] = this.#withComment(described, typeName)
    }
    return { $ref: `#/components/schemas/${name}` }
  }

  /** The schema of a field, with its comment. */
  field(field: FieldPlan, direction: Direction): Schema {
    const value = this.#value(field.form, direction)
    return this.#withComment(this.#inCardinality(field, value), fieldName(field))
  }

  #describe(plan: MessagePlan, direction: Direction): Schema {
    switch (plan.form) {
      case 'vector':
        return {
          oneOf: [
            { type: 'array', items: { type: 'number' } },
            { type: 'string', contentEncoding: 'base64' },
          ],
        }
      case 'scalar':
        return { type: ['string', 'number', 'boolean'] }
      case 'list':
        return this.field(plan.fields[0] as FieldPlan, direction)
      case 'fields':
        return this.#object(plan, direction)
    }
  }

  #object(plan: MessagePlan, direction: Direction): Schema {
    const fields = plan.fields.filter((field) => !this.#hidden.has(field))
    const properties = Object.fromEntries(
      fields.map((field) => [field.jsonName, this.field(field, direction)]),
    )
    const always = fields.filter((field) => !field.optional).map((field) => field.jsonName)
    return {
      type: 'object',
      properties,
      ...(direction === 'response' && always.length > 0 ? { required: always } : {}),
      additionalProperties: false,
      ...oneofRule(fields),
    }
  }

  #inCardinality(field: FieldPlan, value: Schema): Schema {
    switch (field.cardinality) {
      case 'singular':
        return value
      case 'list':
        return { type: 'array', items: value }
      case 'map':
        return { type: 'object', additionalProperties: value }
    }
  }

  #value(form: ValueForm, direction: Direction): Schema {
    switch (form.kind) {
      case 'scalar':
        return scalarSchema(form.scalar)
      case 'enum':
        return this.#enum(form.enum)
      case 'message':
        return this.message(form.message, direction)
      case 'json-text':
        return { type: 'object' }
    }
  }

  #enum(plan: EnumPlan): Schema {
    const { name, typeName, values } = plan.desc
    if (!(name in this.schemas)) {
      const lines = values.flatMap((value) => {
        const comment = this.#comments.get(`${typeName}.${value.name}`)
        return comment === undefined ? [] : [`- \`${plan.nameOf.get(value.number)}\`: ${comment}`]
      })
      const text = [this.#comments.get(typeName) ?? '', ...lines].join('\n').trim()
      const described = { type: 'string', enum: [...plan.nameOf.values()] }
      this.schemas[name] = text === '' ? described : { ...described, description: text }
    }
    return { $ref: `#/components/schemas/${name}` }
  }

  #withComment(schema: Schema, name: string): Schema {
    const description = this.#comments.get(name)
    return description === undefined ? schema : { ...schema, description }
  }
}

function fieldName(field: FieldPlan): string {
  return `${field.desc.parent.typeName}.${field.protoName}`
}

/** At most one member of each oneof. */
function oneofRule(fields: readonly FieldPlan[]): Schema {
  const groups = new Map<number, FieldPlan[]>()
  for (const field of fields) {
    if (field.oneof < 0) continue
    const group = groups.get(field.oneof)
    if (group === undefined) groups.set(field.oneof, [field])
    else group.push(field)
  }
  const pairs = [...groups.values()].filter((group) => group.length > 1).flatMap(pairsOf)
  if (pairs.length === 0) return {}
  return { not: { anyOf: pairs.map((pair) => ({ required: pair })) } }
}

function pairsOf(group: readonly FieldPlan[]): string[][] {
  return group.flatMap((a, i) => group.slice(i + 1).map((b) => [a.jsonName, b.jsonName]))
}

function scalarSchema(scalar: ScalarType): Schema {
  switch (scalar) {
    case ScalarType.STRING:
      return { type: 'string' }
    case ScalarType.BYTES:
      return { type: 'string', contentEncoding: 'base64' }
    case ScalarType.BOOL:
      return { type: 'boolean' }
    case ScalarType.FLOAT:
      return { type: 'number', format: 'float' }
    case ScalarType.DOUBLE:
      return { type: 'number', format: 'double' }
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: 'integer', minimum: 0, maximum: UINT32_MAX }
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return { type: 'integer', minimum: -INT32_MAX - 1, maximum: INT32_MAX }
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return { type: ['integer', 'string'], minimum: 0, pattern: '^[0-9]+$', format: 'uint64' }
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return { type: ['integer', 'string'], pattern: '^-?[0-9]+$', format: 'int64' }
  }
}
