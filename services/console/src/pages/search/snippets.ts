/**
 * The same question as code to take along: curl, the TypeScript SDK, the command line.
 *
 * Each runs as it stands with the key in VECTRON_API_KEY, and gives what the lab shows.
 */
import type { AnyPayload, SearchRequest } from '@vectron/client'
import { quotedWord, shellWord } from '../../kit/shell-text.ts'
import { type LabConfig, type LabSearch, TOP_K_DEFAULT, toRequest } from './lab-config.ts'

export interface SnippetOf {
  /** Where the gateway is, without a slash at the end. */
  readonly url: string
  readonly collection: string
  readonly query: Pick<LabSearch, 'by' | 'q'>
  readonly config: LabConfig
  /** Named in a header; empty for the project that the key belongs to. */
  readonly projectId?: string
}

export interface Snippets {
  readonly curl: string
  readonly typescript: string
  readonly cli: string
}

/** @throws Error when the query is no vector */
export function snippetsOf(of: SnippetOf): Snippets {
  const request = toRequest(of.query, of.config)
  return request === undefined ? scrollSnippets(of) : searchSnippets(of, request)
}

function searchSnippets(of: SnippetOf, request: SearchRequest<AnyPayload>): Snippets {
  const { url, collection } = of
  return {
    curl: curl(of, 'search', request),
    typescript: typescript(
      of,
      `const { results } = await ${sdk(collection)}.search(${pretty(request)})`,
    ),
    cli: cli(url, ['search', collection, ...searchFlags(request)]),
  }
}

function scrollSnippets(of: SnippetOf): Snippets {
  const { url, collection, config } = of
  const { topK = TOP_K_DEFAULT, filter } = config
  const chosen = filter === undefined ? {} : { filter }
  const flags = [
    ...(filter === undefined ? [] : ['--filter', JSON.stringify(filter)]),
    '--limit',
    String(topK),
  ]
  const scroll = `${sdk(collection)}.scroll(${pretty({ ...chosen, pageSize: topK })})`
  const lines = [
    'const results = []',
    `for await (const point of ${scroll}) {`,
    '  results.push(point)',
    `  if (results.length === ${topK}) break`,
    '}',
  ]
  return {
    curl: curl(of, 'scroll', { ...chosen, pageSize: topK }),
    typescript: typescript(of, lines.join('\n')),
    cli: cli(url, ['point', 'scroll', collection, ...flags]),
  }
}

function curl({ url, collection, projectId = '' }: SnippetOf, verb: string, body: object): string {
  const address = `${url}/v1/collections/${encodeURIComponent(collection)}/points:${verb}`
  return [
    `curl -s ${quotedWord(address)}`,
    `  -H "authorization: Bearer $VECTRON_API_KEY"`,
    ...(projectId === '' ? [] : [`  -H ${quotedWord(`x-vectron-project: ${projectId}`)}`]),
    `  -H 'content-type: application/json'`,
    `  -d ${quotedWord(pretty(body))}`,
  ].join(' \\\n')
}

function typescript({ url }: SnippetOf, lines: string): string {
  return [
    `import { Vectron } from '@vectron/client'`,
    '',
    `const apiKey = process.env['VECTRON_API_KEY'] ?? ''`,
    `const vectron = new Vectron({ url: ${JSON.stringify(url)}, apiKey })`,
    lines,
    "for (const { id } of results) process.stdout.write(id + '\\n')",
  ].join('\n')
}

function sdk(collection: string): string {
  return `vectron.collection(${JSON.stringify(collection)})`
}

function cli(url: string, words: readonly string[]): string {
  return ['vectron', ...words, '--url', url].map(shellWord).join(' ')
}

/** What the command line has a flag for, in the order in which people read. */
function searchFlags(request: SearchRequest<AnyPayload>): string[] {
  const flag = (name: string, value: unknown) =>
    value === undefined
      ? []
      : [name, typeof value === 'object' ? JSON.stringify(value) : `${value}`]
  const isSet = (name: string, value: boolean | undefined) => (value === true ? [name] : [])
  return [
    ...('text' in request ? [request.text] : []),
    ...('id' in request ? ['--id', request.id] : []),
    ...('vector' in request ? ['--vector', [...request.vector].join(',')] : []),
    ...flag('-k', request.topK),
    ...flag('--offset', request.offset),
    ...flag('--threshold', request.scoreThreshold),
    ...flag('--filter', request.filter),
    ...flag('--group-by', request.groupBy?.field),
    ...flag('--group-size', request.groupBy?.groupSize),
    ...flag('--rerank', request.rerank),
    ...isSet('--exact', request.exact),
    ...flag('--recall', request.targetRecall),
    ...flag('--width', request.width),
    ...flag('--consistency', request.consistency),
    ...flag('--timeout', request.timeoutMs),
    ...isSet('--no-payload', request.withPayload === false),
  ]
}

function pretty(value: object): string {
  return JSON.stringify(value, null, 2).replace(/\[[\s\d.,eE+-]+\]/g, (numbers) =>
    numbers.replace(/\s+/g, ' '),
  )
}
