/**
 * What the search lab asks: one question, and one or two ways to ask it.
 *
 * It stands in the address, so whatever comes from there is checked (`parseLab`). The form edits it
 * as text (`draftOf`, `parseDraft`); the API gets it as a request (`toRequest`). Invariant: what is
 * left out of a config is what the API does by default.
 */
import type { AnyPayload, Filter, Rerank, SearchRequest } from '@vectron/client'
import { choiceParam, textParam } from '../../app/search-params.ts'

export const QUERY_KINDS = ['text', 'id', 'vector', 'filter'] as const
export type QueryKind = (typeof QUERY_KINDS)[number]

/** One way to ask, in the words of the API. */
export interface LabConfig {
  readonly topK?: number
  readonly offset?: number
  readonly scoreThreshold?: number
  readonly filter?: Filter
  readonly withPayload?: false
  readonly groupBy?: { readonly field: string; readonly groupSize?: number }
  readonly rerank?: Rerank
  readonly exact?: true
  readonly targetRecall?: number
  readonly width?: number
  readonly consistency?: 'strong'
  readonly timeoutMs?: number
}

/** The address of the lab. */
export interface LabSearch {
  readonly collection?: string
  readonly by?: QueryKind
  /** The text, the id, or the numbers. */
  readonly q?: string
  readonly a?: LabConfig
  /** Present: two ways side by side. */
  readonly b?: LabConfig
  readonly tab?: LabTab
  /** Id of a point: why is it not in the result? */
  readonly whyNot?: string
}

export const LAB_TABS = ['results', 'explain', 'why', 'recall', 'code'] as const
export type LabTab = (typeof LAB_TABS)[number]

export const TOP_K_DEFAULT = 10

type Plain = Readonly<Record<string, unknown>>

/** What is not valid in an address is left out. */
export function parseLab(search: Plain): LabSearch {
  return {
    ...textParam(search, 'collection'),
    ...choiceParam(search, 'by', QUERY_KINDS),
    ...queryParam(search['q']),
    ...configParam('a', search['a']),
    ...configParam('b', search['b']),
    ...choiceParam(search, 'tab', LAB_TABS),
    ...textParam(search, 'whyNot'),
  }
}

/** The router parses a vector as an array of numbers. */
function queryParam(value: unknown): { readonly q?: string } {
  const q = Array.isArray(value) ? JSON.stringify(value) : value
  return textParam({ q }, 'q')
}

function configParam(name: 'a' | 'b', value: unknown): { readonly [key in 'a' | 'b']?: LabConfig } {
  return isPlain(value) ? { [name]: parseConfig(value) } : {}
}

function parseConfig(value: Plain): LabConfig {
  const { filter, groupBy, rerank } = value
  return {
    ...count(value, 'topK'),
    ...count(value, 'offset'),
    ...number(value, 'scoreThreshold'),
    ...(isPlain(filter) ? { filter: filter as Filter } : {}),
    ...(value['withPayload'] === false ? { withPayload: false } : {}),
    ...(isPlain(groupBy) && typeof groupBy['field'] === 'string'
      ? { groupBy: { field: groupBy['field'], ...count(groupBy, 'groupSize') } }
      : {}),
    ...(isPlain(rerank) ? { rerank: rerank as Rerank } : {}),
    ...(value['exact'] === true ? { exact: true } : {}),
    ...number(value, 'targetRecall'),
    ...count(value, 'width'),
    ...(value['consistency'] === 'strong' ? { consistency: 'strong' } : {}),
    ...count(value, 'timeoutMs'),
  }
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function number<Name extends string>(
  value: Plain,
  name: Name,
): { readonly [key in Name]?: number } {
  const found = value[name]
  return (Number.isFinite(found) ? { [name]: found } : {}) as { [key in Name]?: number }
}

function count<Name extends string>(value: Plain, name: Name): { readonly [key in Name]?: number } {
  const found = value[name]
  const isCount = Number.isSafeInteger(found) && (found as number) >= 0
  return (isCount ? { [name]: found } : {}) as { [key in Name]?: number }
}

/** A config as a person edits it: texts, for a half-typed number is no number. */
export interface Draft {
  readonly topK: string
  readonly offset: string
  readonly scoreThreshold: string
  readonly filter: string
  readonly withPayload: boolean
  readonly groupBy: string
  readonly groupSize: string
  /** `''`, `strategy:rules`, or `preset:news`. */
  readonly rerank: string
  readonly rerankParameters: string
  readonly rerankLimit: string
  readonly exact: boolean
  readonly targetRecall: string
  readonly width: string
  readonly consistency: 'eventual' | 'strong'
  readonly timeoutMs: string
}

export type DraftErrors = { readonly [field in keyof Draft]?: string }

export function draftOf(config: LabConfig): Draft {
  const text = (value: number | undefined) => (value === undefined ? '' : String(value))
  const json = (value: unknown) => (value === undefined ? '' : JSON.stringify(value, null, 1))
  const { rerank } = config
  const preset = rerank !== undefined && 'preset' in rerank
  const parameters = rerank !== undefined && 'strategy' in rerank ? rerank.parameters : undefined
  return {
    topK: text(config.topK ?? TOP_K_DEFAULT),
    offset: text(config.offset),
    scoreThreshold: text(config.scoreThreshold),
    filter: json(config.filter),
    withPayload: config.withPayload !== false,
    groupBy: config.groupBy?.field ?? '',
    groupSize: text(config.groupBy?.groupSize),
    rerank:
      rerank === undefined
        ? ''
        : preset
          ? `preset:${rerank.preset}`
          : `strategy:${rerank.strategy}`,
    rerankParameters: json(parameters),
    rerankLimit: text(rerank?.limit),
    exact: config.exact === true,
    targetRecall: text(config.targetRecall),
    width: text(config.width),
    consistency: config.consistency ?? 'eventual',
    timeoutMs: text(config.timeoutMs),
  }
}

/** The config of a draft, or what is wrong with which field. */
export function parseDraft(
  draft: Draft,
): { readonly config: LabConfig } | { readonly errors: DraftErrors } {
  const errors: Partial<Record<keyof Draft, string>> = {}
  const read = <Value>(field: keyof Draft, parse: (text: string) => Value): Value | undefined => {
    const text = String(draft[field]).trim()
    if (text === '') return undefined
    try {
      return parse(text)
    } catch (error) {
      errors[field] = (error as Error).message
      return undefined
    }
  }
  const topK = read('topK', whole(1, 10_000))
  const groupSize = read('groupSize', whole(1, 100))
  const filter = read('filter', parseFilter)
  const rerank = rerankOf(draft, {
    parameters: read('rerankParameters', parseObject),
    limit: read('rerankLimit', whole(1, 1000)),
  })
  const config: LabConfig = {
    ...(topK === undefined || topK === TOP_K_DEFAULT ? {} : { topK }),
    ...given('offset', read('offset', whole(0, 10_000)) || undefined),
    ...given('scoreThreshold', read('scoreThreshold', decimal)),
    ...given('filter', filter),
    ...(draft.withPayload ? {} : { withPayload: false as const }),
    ...(draft.groupBy.trim() === ''
      ? {}
      : { groupBy: { field: draft.groupBy.trim(), ...given('groupSize', groupSize) } }),
    ...given('rerank', rerank),
    ...(draft.exact ? { exact: true as const } : {}),
    ...given('targetRecall', read('targetRecall', share)),
    ...given('width', read('width', whole(1, 10_000))),
    ...(draft.consistency === 'strong' ? { consistency: 'strong' as const } : {}),
    ...given('timeoutMs', read('timeoutMs', whole(1, 60_000))),
  }
  return Object.keys(errors).length > 0 ? { errors } : { config }
}

function rerankOf(
  { rerank }: Draft,
  more: { readonly parameters: Plain | undefined; readonly limit: number | undefined },
): Rerank | undefined {
  const [kind, name = ''] = splitOnce(rerank, ':')
  if (kind === 'preset') return { preset: name, ...given('limit', more.limit) }
  if (kind !== 'strategy') return undefined
  return {
    strategy: name,
    ...given('parameters', more.parameters),
    ...given('limit', more.limit),
  }
}

function splitOnce(text: string, mark: string): readonly [string, string?] {
  const at = text.indexOf(mark)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function given<Name extends string, Value>(name: Name, value: Value | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { readonly [key in Name]?: Value }
}

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= min && value <= max) return value
    throw new Error(`A whole number, ${min} to ${max.toLocaleString('en-US')}`)
  }
}

function decimal(text: string): number {
  const value = Number(text)
  if (Number.isFinite(value)) return value
  throw new Error('A number')
}

function share(text: string): number {
  const value = Number(text)
  if (value >= 0.8 && value <= 0.999) return value
  throw new Error('.80 to .999')
}

function parseObject(text: string): Plain {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Error(`Not valid JSON: ${(error as Error).message}`)
  }
  if (isPlain(value)) return value
  throw new Error('A JSON object: {…}')
}

/** The API's form, or one condition of it. */
function parseFilter(text: string): Filter {
  const value = parseObject(text)
  const isCondition = 'field' in value || 'hasId' in value
  return (isCondition ? { must: [value] } : value) as Filter
}

/** `[0.1, 0.2]`, `0.1, 0.2`, or numbers between blanks. @throws Error with what is wrong */
export function parseVector(text: string, dimension?: number): number[] {
  const parts = text
    .replace(/[[\]]/g, ' ')
    .split(/[\s,;]+/)
    .filter((part) => part !== '')
  const values = parts.map(Number)
  const wrong = values.findIndex((value) => !Number.isFinite(value))
  if (wrong >= 0) throw new Error(`"${parts[wrong]}" is no number (place ${wrong + 1}).`)
  if (values.length === 0) throw new Error('Paste the numbers of a vector.')
  if (dimension !== undefined && values.length !== dimension) {
    throw new Error(`${values.length} numbers, but the collection has the dimension ${dimension}.`)
  }
  return values
}

/** The request of a config; undefined for a filter alone, which is no search. @throws Error */
export function toRequest(
  { by = 'text', q = '' }: Pick<LabSearch, 'by' | 'q'>,
  config: LabConfig,
): SearchRequest<AnyPayload> | undefined {
  switch (by) {
    case 'text':
      return { text: q, ...config }
    case 'id':
      return { id: q, ...config }
    case 'vector':
      return { vector: parseVector(q), ...config }
    case 'filter':
      return undefined
  }
}

/** Whether there is something to ask. */
export function isAsked({ collection, by, q }: LabSearch): boolean {
  return collection !== undefined && (by === 'filter' || q !== undefined)
}
