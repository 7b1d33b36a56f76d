/**
 * The OpenAPI 3.1 document of services, from their descriptors: it cannot differ from what is
 * served.
 *
 * One operation for each HTTP binding of each method; words from the comments of the protos.
 */
import type { DescMethod, DescService } from '@bufbuild/protobuf'
import { type HttpBinding, httpBindings } from '../http/http-binding.ts'
import type { PlainRoute } from '../http/http-server.ts'
import type { FieldPlan, MessagePlan } from '../json/plan.ts'
import { type Comments, readComments } from './comments.ts'
import { errorComponents, errorResponses } from './error-schemas.ts'
import { type Schema, SchemaSet } from './schemas.ts'

export interface OpenApiOptions {
  readonly services: readonly DescService[]
  /** Version of the product. */
  readonly version: string
}

/** An OpenAPI document, as JSON. */
export interface OpenApiDocument {
  readonly openapi: string
  readonly info: Schema
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> } & Schema
  readonly [name: string]: unknown
}

export interface Operation {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: Schema
  readonly responses: Readonly<Record<string, Schema>>
  readonly [name: string]: unknown
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: Schema
  readonly description?: string
}

const description = `Vectors with JSON payloads, searched by nearness and filtered by payload.

Names are lowerCamelCase; requests may use snake_case. 64-bit integers are numbers up to 2^53 and
strings beyond. A vector is an array of numbers, or base64 of little-endian f32. Streams are NDJSON,
one message a line; a stream that fails ends with a line {"error": <Problem>}. Errors are
application/problem+json with a stable \`reason\`; \`type\` leads to what to do.
Open to everybody: /livez, /readyz, /metrics, /openapi.json, /errors/{reason}.`

/** The document of all bindings of the services. */
export function openApiDocument(options: OpenApiOptions): OpenApiDocument {
  const comments = readComments()
  const bindings = options.services.flatMap((service) => service.methods.flatMap(httpBindings))
  const schemas = new SchemaSet(comments, fieldsFromPaths(bindings))
  const paths: Record<string, Record<string, Operation>> = {}
  for (const binding of bindings) {
    const path = documentedPath(binding)
    paths[path] ??= {}
    const verb = binding.verb.toLowerCase()
    ;(paths[path] as Record<string, Operation>)[verb] = operation(binding, schemas, comments)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vectron',
      version: options.version,
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: options.services.map((service) => tag(service, comments)),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key (vk_...).' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
      ...errorComponents(schemas.schemas),
    },
  }
}

/** The document as a route: GET /openapi.json. */
export function openApiRoute(options: OpenApiOptions): PlainRoute {
  const body = JSON.stringify(openApiDocument(options))
  return {
    path: '/openapi.json',
    handle: () => ({ status: 200, contentType: 'application/json; charset=utf-8', body }),
  }
}

/** Fields that the path gives: a body need not have them, and its schema does not. */
function fieldsFromPaths(bindings: readonly HttpBinding[]): ReadonlySet<FieldPlan> {
  const bodies = bindings.filter((binding) => binding.body.kind === 'message')
  return new Set(bodies.flatMap((binding) => binding.pathFields))
}

function tag(service: DescService, comments: Comments): Schema {
  const text = comments.get(service.typeName)
  return text === undefined ? { name: service.name } : { name: service.name, description: text }
}

function operation(binding: HttpBinding, schemas: SchemaSet, comments: Comments): Operation {
  const { method } = binding
  const text = comments.get(`${method.parent.typeName}.${method.name}`)
  const parameters = [...pathParameters(binding, schemas), ...queryParameters(binding, schemas)]
  return {
    operationId: method.localName,
    tags: [method.parent.name],
    ...(text === undefined ? {} : { summary: firstSentence(text), description: text }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(binding, schemas),
    responses: {
      200: { description: 'Done.', content: answerContent(binding, schemas) },
      ...errorResponses,
    },
  }
}

function firstSentence(text: string): string {
  const end = text.search(/[.;:](\s|$)/)
  return end < 0 ? text : text.slice(0, end)
}

/** `/projects/{projectId}`: fields by the names that they have in JSON. */
function documentedPath({ template }: HttpBinding): string {
  return template.text.replaceAll(/\{(\w+)(=\*)?\}/g, (_, name: string) => `{${jsonName(name)}}`)
}

function jsonName(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}

function pathParameters(binding: HttpBinding, schemas: SchemaSet): Parameter[] {
  return binding.template.fields.map((name, i) => ({
    name: jsonName(name),
    in: 'path' as const,
    required: true,
    schema: schemas.field(binding.pathFields[i] as FieldPlan, 'request'),
  }))
}

function queryParameters(binding: HttpBinding, schemas: SchemaSet): Parameter[] {
  if (binding.body.kind === 'message') return []
  const elsewhere = new Set(binding.pathFields)
  if (binding.body.kind === 'field') elsewhere.add(binding.body.field)
  const fields = binding.input.fields.filter((field) => !elsewhere.has(field))
  return fields.flatMap((field) => queryParameter(field, '', schemas, []))
}

/** A parameter for a field, or one for each field of a nested message: `filter.field`. */
function queryParameter(
  field: FieldPlan,
  prefix: string,
  schemas: SchemaSet,
  within: readonly MessagePlan[],
): Parameter[] {
  const name = `${prefix}${field.jsonName}`
  const { form } = field
  if (form.kind === 'message' && form.message.form === 'fields') {
    if (field.cardinality !== 'singular' || within.includes(form.message)) return []
    return form.message.fields.flatMap((each) =>
      queryParameter(each, `${name}.`, schemas, [...within, form.message]),
    )
  }
  if (field.cardinality === 'map') return []
  return [{ name, in: 'query', required: false, schema: schemas.field(field, 'request') }]
}

function requestBody(binding: HttpBinding, schemas: SchemaSet): { requestBody?: Schema } {
  const { body } = binding
  switch (body.kind) {
    case 'none':
      return {}
    case 'field':
      return { requestBody: jsonBody(schemas.field(body.field, 'request')) }
    case 'message': {
      const schema = schemas.message(binding.input, 'request')
      if (!streamsIn(binding.method)) return { requestBody: jsonBody(schema) }
      const content = { 'application/x-ndjson': { schema } }
      return { requestBody: { required: true, description: 'One message a line.', content } }
    }
  }
}

function jsonBody(schema: Schema): Schema {
  return { required: true, content: { 'application/json': { schema } } }
}

function answerContent(binding: HttpBinding, schemas: SchemaSet): Schema {
  const schema = schemas.message(binding.output, 'response')
  if (!streamsOut(binding.method)) return { 'application/json': { schema } }
  const failed = { $ref: '#/components/schemas/StreamError' }
  return { 'application/x-ndjson': { schema: { anyOf: [schema, failed] } } }
}

function streamsIn(method: DescMethod): boolean {
  return method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming'
}

function streamsOut(method: DescMethod): boolean {
  return method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming'
}
