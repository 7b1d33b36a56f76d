/** JSON Schema as OpenAPI documents use it, as far as completion needs it. */

export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly required?: readonly string[]
}

/** A schema with those that it refers to. */
export interface JsonSchemas {
  readonly root: JsonSchema
  /** What `#/components/schemas/<name>` stands for. */
  readonly named: Readonly<Record<string, JsonSchema>>
}

/** A step from a value into it: by the name of a member, or into a list. */
export type Step = string | number

/** All schemas that a value at the path may have. */
export function schemasAt({ root, named }: JsonSchemas, path: readonly Step[]): JsonSchema[] {
  return path.reduce(
    (schemas, step) => schemas.flatMap((schema) => inside(schema, step, named)),
    choicesOf(root, named),
  )
}

/** The schema itself, or those that it refers to or leaves the choice of. */
function choicesOf(
  schema: JsonSchema,
  named: JsonSchemas['named'],
  seen: readonly string[] = [],
): JsonSchema[] {
  const { $ref, anyOf = [], oneOf = [], allOf = [] } = schema
  if ($ref !== undefined) {
    const name = $ref.slice($ref.lastIndexOf('/') + 1)
    const target = named[name]
    if (target === undefined || seen.includes(name)) return []
    return choicesOf(target, named, [...seen, name])
  }
  const choices = [...anyOf, ...oneOf, ...allOf]
  return [schema, ...choices.flatMap((choice) => choicesOf(choice, named, seen))]
}

function inside(schema: JsonSchema, step: Step, named: JsonSchemas['named']): JsonSchema[] {
  const { properties, additionalProperties, items } = schema
  if (typeof step === 'number') return items === undefined ? [] : choicesOf(items, named)
  const member = properties?.[step]
  if (member !== undefined) return choicesOf(member, named)
  return typeof additionalProperties === 'object' ? choicesOf(additionalProperties, named) : []
}

export interface MemberName {
  readonly name: string
  readonly description: string
  readonly schema: JsonSchema
}

/** The names that an object at the path may have. */
export function memberNames(schemas: JsonSchemas, path: readonly Step[]): MemberName[] {
  const names = schemasAt(schemas, path).flatMap(({ properties = {} }) =>
    Object.entries(properties).map(([name, schema]) => ({
      name,
      schema,
      description: descriptionOf(schema, schemas.named),
    })),
  )
  return [...new Map(names.map((member) => [member.name, member])).values()]
}

/** The values that may stand at the path, where there are few. */
export function valueChoices(schemas: JsonSchemas, path: readonly Step[]): unknown[] {
  const found = schemasAt(schemas, path).flatMap((schema) => {
    if (schema.enum !== undefined) return schema.enum
    return schema.type === 'boolean' ? [true, false] : []
  })
  return [...new Set(found)]
}

function descriptionOf(schema: JsonSchema, named: JsonSchemas['named']): string {
  if (schema.description !== undefined) return schema.description
  return choicesOf(schema, named).find(({ description }) => description)?.description ?? ''
}

/** What is written after a name that was chosen: the beginning of its value. */
export function beginningOf(schema: JsonSchema, named: JsonSchemas['named']): string {
  const types = choicesOf(schema, named).flatMap(({ type }) => type ?? [])
  switch (types[0]) {
    case 'object':
      return '{}'
    case 'array':
      return '[]'
    case 'string':
      return '""'
    default:
      return ''
  }
}
