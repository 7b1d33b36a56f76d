/** A request of the playground: from what was filled in to what is sent. Pure. */
import type { ApiOperation } from '../../api/openapi.ts'
import {
  beginningOf,
  type JsonSchema,
  memberNames,
  schemasAt,
} from '../../kit/editor/json-schema.ts'
import type { Parameters } from './routes.ts'

/** The path with its parameters and the query; those that are missing stay in braces. */
export function pathOf({ path, parameters }: ApiOperation, given: Parameters): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (brace, name: string) => {
    const value = given[name]
    return value === undefined || value === '' ? brace : encodeURIComponent(value)
  })
  const query = new URLSearchParams(
    parameters
      .filter(({ in: place, name }) => place === 'query' && (given[name] ?? '') !== '')
      .map(({ name }) => [name, given[name] ?? '']),
  )
  return query.size === 0 ? filled : `${filled}?${query}`
}

/** Names of the parameters that the path needs still. */
export function missingParameters(operation: ApiOperation, given: Parameters): string[] {
  return operation.parameters
    .filter(({ in: place, name }) => place === 'path' && (given[name] ?? '') === '')
    .map(({ name }) => name)
}

/** The body to begin with: an example where there is one, else what the schema requires. */
export function firstBody(
  { id, body, streamsIn }: ApiOperation,
  named: Readonly<Record<string, JsonSchema>>,
): string {
  if (body === undefined) return ''
  const example = EXAMPLES[id]
  if (example !== undefined) {
    const values = Array.isArray(example) ? example : [example]
    return streamsIn
      ? values.map((value) => JSON.stringify(value)).join('\n')
      : JSON.stringify(example, null, 2)
  }
  const schemas = { root: body, named }
  const required = schemasAt(schemas, []).flatMap((schema) => schema.required ?? [])
  const members = memberNames(schemas, [])
    .filter(({ name }) => required.includes(name))
    .map(({ name, schema }) => `  "${name}": ${beginningOf(schema, named) || '0'}`)
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n}`
}

/** Indented; as it is where it is not JSON. */
export function formatJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** For what people try first, on the demo collection. */
const EXAMPLES: Readonly<Record<string, object>> = {
  search: { text: 'a young dog', topK: 5, explain: true },
  batchSearch: { searches: [{ text: 'a young dog' }, { text: 'deep water' }] },
  searchStream: { text: 'a young dog', topK: 5 },
  countPoints: { filter: { must: [{ field: 'pos', match: 'noun' }] } },
  scrollPoints: { pageSize: 5, filter: { must: [{ field: 'pos', match: 'verb' }] } },
  facetPoints: { field: 'pos' },
  createCollection: { name: 'books', dimension: 4, metric: 'cosine' },
  upsertPoints: { points: [{ id: 'a', vector: [1, 0, 0, 0], payload: { kind: 'novel' } }] },
  upsertPointsStream: [{ points: [{ id: 'a', vector: [1, 0, 0, 0], payload: { kind: 'novel' } }] }],
  updateAliases: { actions: [{ create: { alias: 'words', collection: 'dictionary' } }] },
}
