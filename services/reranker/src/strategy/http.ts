/**
 * http: a reranking model behind HTTP, by the protocol of Cohere's `/v2/rerank`, which others speak
 * too (Jina, Voyage, vLLM, text-embeddings-inference behind a proxy).
 *
 *   POST {"model", "query", "documents": ["..."], "top_n"}
 *   200  {"results": [{"index", "relevance_score"}, ...]}
 *
 * `{"fields": ["title", "body"]}`: the document is the text of these fields, one a line; by default
 * the payload's JSON. Where it is and its key come from the settings alone, never from a request,
 * so that nobody makes this process call another address.
 */
import { VectronError } from '@vectron/base'
import { type JsonValue, textAt } from '@vectron/ranking'
import { type RankedCandidate, type RankJob, type Strategy, shown } from './strategy.ts'

export interface HttpOptions {
  /** URL of the endpoint; empty for none. */
  readonly endpoint: string
  /** Which model it is to use. */
  readonly model: string
  /** Bearer token; empty for none. */
  readonly key: string
}

const FIELDS_COUNT = { min: 1, max: 20 }
/** Characters of one document; models read a few thousand tokens. */
const DOCUMENT_CHARS_MAX = 20_000
/** Bytes of an answer: a thousand results with what some services say besides. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024
/** Characters of an answer that a message quotes. */
const QUOTED_CHARS_MAX = 200
const VERSION = '1'

export function openHttp(options: HttpOptions): Strategy {
  const { model } = options
  const problem = () => (options.endpoint === '' ? 'rerank.httpEndpoint names no service' : '')
  return {
    name: 'http',
    version: `${VERSION}+${model}`,
    description: 'A model behind HTTP, by the protocol of Cohere: POST /v2/rerank.',
    wantsPayload: true,
    wantsVector: false,
    isCostly: true,
    problem,
    prepare(parameters) {
      const fields = parameters.has('fields') ? parameters.strings('fields', FIELDS_COUNT) : []
      parameters.end()
      if (problem() !== '') throw new VectronError('UNAVAILABLE', `${problem()}.`)
      return { version: `${VERSION}+${model}`, rank: (job) => rankByService(options, fields, job) }
    },
  }
}

async function rankByService(
  options: HttpOptions,
  fields: readonly string[],
  job: RankJob,
): Promise<RankedCandidate[]> {
  const { candidates, topK, queryText } = job
  const documents: string[] = []
  for (const { payload } of candidates) {
    documents.push(documentOf(payload, fields))
    await job.breathe()
  }
  const asked = { model: options.model, query: queryText, documents, top_n: topK }
  const answer = await ask(options, asked, job.signal)
  const scored = takeResults(answer, candidates.length)
  const reason = (score: number) => `${options.model || 'the service'} says ${shown(score)}`
  const best = scored.sort((a, b) => b.score - a.score || a.place - b.place).slice(0, topK)
  if (best.length < topK) throw wrong(`it ranked ${best.length} of ${topK} documents`)
  return best.map(({ place, score }) => ({ place, score, reason: reason(score) }))
}

function documentOf(payload: JsonValue, fields: readonly string[]): string {
  const text = fields.length === 0 ? JSON.stringify(payload) : textAt(payload, fields)
  return text.slice(0, DOCUMENT_CHARS_MAX)
}

async function ask(options: HttpOptions, body: object, signal: AbortSignal): Promise<string> {
  const { endpoint, key } = options
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(key !== '' && { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(body),
      // A redirect would take the key elsewhere.
      redirect: 'error',
      signal,
    })
    const text = await readAll(response)
    if (response.ok) return text
    const quoted = withoutKey(text, key).slice(0, QUOTED_CHARS_MAX)
    throw wrong(`it answered ${response.status}: ${quoted}`)
  } catch (error) {
    if (error instanceof VectronError) throw error
    if (signal.aborted) {
      throw new VectronError('DEADLINE_EXCEEDED', 'The service was not done in time.')
    }
    const { message, cause } = error as Error
    throw wrong(cause instanceof Error ? cause.message : message)
  }
}

async function readAll(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) throw wrong(`its answer is above ${ANSWER_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

interface Scored {
  readonly place: number
  readonly score: number
}

function takeResults(text: string, count: number): Scored[] {
  const answer = parseAnswer(text) as { results?: unknown } | null
  const results = answer?.results
  if (!Array.isArray(results)) throw wrong('its answer has no list of results')
  const seen = new Set<number>()
  return results.map((result: { index?: unknown; relevance_score?: unknown } | null) => {
    const { index, relevance_score: score } = result ?? {}
    const isPlace = Number.isInteger(index) && Number(index) >= 0 && Number(index) < count
    if (!isPlace || seen.has(Number(index))) throw wrong(`it ranked a document ${String(index)}`)
    if (typeof score !== 'number' || !Number.isFinite(score)) {
      throw wrong(`it scored document ${String(index)} ${String(score)}`)
    }
    seen.add(Number(index))
    return { place: Number(index), score }
  })
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong('its answer is no JSON')
  }
}

/** Some services quote what they were sent. */
function withoutKey(text: string, key: string): string {
  return key === '' ? text : text.replaceAll(key, '***')
}

function wrong(what: string): VectronError {
  return new VectronError('UNAVAILABLE', `The reranking service cannot be used: ${what}.`)
}
