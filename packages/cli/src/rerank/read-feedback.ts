/**
 * Reads the feedback of a collection and asks each of its queries again: the candidates with their
 * features as a search has them, and what people made of them.
 */
import type { Collection, Point, Vectron } from '@vectron/client'
import { type FeatureSpec, featuresOf, type JsonValue, type JudgedQuery } from '@vectron/ranking'
import { CliError } from '../exit-code.ts'

/** What a point of feedback holds. */
interface Feedback {
  readonly text?: string
  readonly pointId: string
  readonly kind: 'click' | 'judgement'
  readonly grade?: number
}

export interface ReadOptions {
  readonly features: readonly FeatureSpec[]
  /** Candidates of each query. */
  readonly limit: number
  /** Milliseconds since 1970, for ages. */
  readonly nowMs: number
  /** Told after each query, of how many. */
  readonly onQuery: (done: number, total: number) => void
}

/** A query, and the grades of points for it. */
interface Asked {
  readonly key: string
  readonly text: string
  readonly vector: Float32Array
  readonly grades: Map<string, number>
  /** Of those somebody judged: what they say counts more than clicks. */
  readonly judged: Set<string>
}

/** A click says that a result was good for something. */
const GRADE_OF_CLICK = 1

/** One for each query that somebody gave feedback on. */
export async function readJudgedQueries(
  vectron: Vectron,
  name: string,
  options: ReadOptions,
): Promise<JudgedQuery[]> {
  const feedback = vectron.collection<Feedback>(`${name}-feedback`)
  const collection = vectron.collection(name)
  const { metric } = await collection.info()
  const asked = await gather(feedback)
  const queries: JudgedQuery[] = []
  for (const [done, query] of asked.entries()) {
    queries.push(await askAgain(collection, query, metric !== 'l2', options))
    options.onQuery(done + 1, asked.length)
  }
  return queries
}

async function gather(feedback: Collection<Feedback>): Promise<Asked[]> {
  const queries = new Map<string, Asked>()
  for await (const point of feedback.scroll({ withVector: true, consistency: 'strong' })) {
    note(queries, point)
  }
  return [...queries.values()]
}

function note(queries: Map<string, Asked>, { payload, vector }: Point<Feedback>): void {
  if (payload === undefined || vector === undefined) {
    throw new CliError('failure', 'A point of feedback has no payload, or no vector.')
  }
  const { text = '', pointId, kind, grade = GRADE_OF_CLICK } = payload
  const key = text === '' ? Buffer.from(new Uint8Array(vector.buffer)).toString('base64') : text
  const fresh = { key, text, vector, grades: new Map(), judged: new Set<string>() }
  const query: Asked = queries.get(key) ?? fresh
  queries.set(key, query)
  if (kind === 'click' && query.judged.has(pointId)) return
  if (kind === 'judgement') query.judged.add(pointId)
  query.grades.set(pointId, grade)
}

async function askAgain(
  collection: Collection,
  { key, text, vector, grades }: Asked,
  higherIsBetter: boolean,
  { features, limit, nowMs }: ReadOptions,
): Promise<JudgedQuery> {
  const { results } = await collection.search({ vector, topK: limit })
  const candidates = results.map(({ score, payload }) => ({
    score,
    payload: (payload ?? {}) as JsonValue,
  }))
  return {
    key,
    rows: featuresOf(features, { text, nowMs, higherIsBetter }, candidates),
    grades: results.map(({ id }) => grades.get(id) ?? 0),
    known: [...grades.values()],
  }
}
