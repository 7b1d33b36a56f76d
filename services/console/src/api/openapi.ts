/** The document that describes the API: its operations, and the schemas of what they take. */
import { queryOptions } from '@tanstack/react-query'
import { errorOfResponse } from '@vectron/client'
import type { JsonSchema } from '../kit/editor/json-schema.ts'

export interface ApiParameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly description?: string
  readonly schema: JsonSchema
}

export interface ApiOperation {
  /** "search" */
  readonly id: string
  /** "Search" */
  readonly service: string
  readonly verb: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its parameters in braces. */
  readonly path: string
  readonly summary: string
  readonly description: string
  readonly parameters: readonly ApiParameter[]
  /** Of the body; undefined for none. */
  readonly body: JsonSchema | undefined
  /** Whether the body is a stream of JSON lines. */
  readonly streamsIn: boolean
  readonly streamsOut: boolean
}

export interface ApiDocument {
  readonly version: string
  readonly operations: readonly ApiOperation[]
  readonly schemas: Readonly<Record<string, JsonSchema>>
}

/** As /openapi.json has them, as far as they are used here. */
interface RawOperation {
  readonly operationId: string
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly description?: string
  readonly parameters?: readonly ApiParameter[]
  readonly requestBody?: { readonly content: RawContent }
  readonly responses: Readonly<Record<string, { readonly content?: RawContent }>>
}
type RawContent = Readonly<Record<string, { readonly schema: JsonSchema }>>

interface RawDocument {
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

const NDJSON = 'application/x-ndjson'

export const openApiQuery = queryOptions({
  queryKey: ['openapi'],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async ({ signal }): Promise<ApiDocument> => {
    const response = await fetch('/openapi.json', { signal })
    if (!response.ok) throw await errorOfResponse(response)
    return readDocument((await response.json()) as RawDocument)
  },
})

export function readDocument({ info, paths, components }: RawDocument): ApiDocument {
  const operations = Object.entries(paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, raw]) => readOperation(path, verb, raw)),
  )
  return { version: info.version, operations, schemas: components.schemas }
}

function readOperation(path: string, verb: string, raw: RawOperation): ApiOperation {
  const content = raw.requestBody?.content ?? {}
  const [type, body] = Object.entries(content)[0] ?? []
  return {
    id: raw.operationId,
    service: raw.tags?.[0] ?? '',
    verb: verb.toUpperCase() as ApiOperation['verb'],
    path,
    summary: raw.summary ?? '',
    description: raw.description ?? '',
    parameters: raw.parameters ?? [],
    body: body?.schema,
    streamsIn: type === NDJSON,
    streamsOut: Object.keys(raw.responses['200']?.content ?? {}).includes(NDJSON),
  }
}
