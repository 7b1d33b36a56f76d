/**
 * `bench relevance`: what reranking does to the order of results, by judgements that people made.
 *
 * The truth is WordNet's own. A definition is stored under its text; a query is a word, and the
 * definitions of that word are relevant, whatever words they use: grade 2 where the word is the
 * first of its synonyms, which is the usual one, and 1 elsewhere. Most of the queries are judged
 * through the feedback API, `vectron rerank train` fits a model to that, and all is measured on the
 * rest, by the answers that a running Vectron gives.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { seededRandom } from '@vectron/base'
import { batchesOf, type Collection, Vectron, VectronApiError } from '@vectron/client'
import { type Definition, readDefinitions } from '@vectron/embed'
import { ndcgAt } from '@vectron/ranking'
import { VectronProcess } from '@vectron/testkit'
import type { BenchOptions } from './bench-options.ts'
import type { Report } from './report.ts'
import { shuffled } from './shuffled.ts'

const COMMAND = path.resolve(import.meta.dirname, '..', '..', 'cli', 'src', 'main.ts')
const COLLECTION = 'definitions'
const MODEL = 'definitions'
const SEED = 1n
const SIZES = {
  full: { definitions: Infinity, judged: 700, measured: 300 },
  small: { definitions: 4000, judged: 60, measured: 40 },
} as const
const BATCH = 250
/** Results that the measure looks at. */
const DEPTH = 10
const CANDIDATES = 100

/** Words of the query in the list of synonyms count most, in the definition a little. */
const RULES = {
  rules: [
    { kind: 'termMatch', fields: ['words'], boost: 1 },
    { kind: 'termMatch', fields: ['definition'], boost: 0.2 },
  ],
}

interface Entry {
  readonly words: readonly string[]
  readonly definition: string
}

/** A word, and how relevant each definition is to it; those that are absent are not. */
interface Query {
  readonly word: string
  readonly grades: ReadonlyMap<string, number>
}

type Definitions = Collection<Entry>
type Rerank = NonNullable<Parameters<Definitions['search']>[0]['rerank']>

export async function benchRelevance({ size, note }: BenchOptions): Promise<Report> {
  const wanted = SIZES[size]
  const random = seededRandom(SEED)
  const definitions = shuffled(readDefinitions(), random).slice(0, wanted.definitions)
  const folder = mkdtempSync(path.join(tmpdir(), 'vectron-bench-'))
  const models = path.join(folder, 'models')
  mkdirSync(models)
  const env = { VECTRON__RERANK__MODELS: models }
  const server = await VectronProcess.start({ data: path.join(folder, 'data'), env })
  try {
    const client = new Vectron({ url: server.url, apiKey: server.apiKey })
    note(`loading ${definitions.length} definitions`)
    const collection = await load(client, definitions)
    const queries = await understood(
      collection,
      shuffled(queriesOf(definitions), random),
      wanted.judged + wanted.measured,
    )
    const judged = queries.slice(0, wanted.judged)
    const measured = queries.slice(wanted.judged)
    note(`judging the results of ${judged.length} queries`)
    for (const query of judged) await judge(collection, query)
    const training = await train(server, path.join(models, `${MODEL}.json`))
    note(`measuring by ${measured.length} others`)
    const ndcg = {
      none: await measure(collection, measured, undefined),
      rules: await measure(collection, measured, { strategy: 'rules', parameters: RULES }),
      linear: await measure(collection, measured, {
        strategy: 'linear',
        parameters: { model: MODEL },
      }),
    }
    return {
      bench: 'relevance',
      parameters: { ...wanted, size, definitions: definitions.length, seed: `${SEED}` },
      measured: { training, ndcg },
      figures: new Map<string, number | string>([
        ['relevance.candidates_recall', await recall(collection, measured)],
        ['relevance.ndcg10.none', ndcg.none],
        ['relevance.ndcg10.rules', ndcg.rules],
        ['relevance.ndcg10.linear', ndcg.linear],
      ]),
    }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function load(client: Vectron, definitions: readonly Definition[]): Promise<Definitions> {
  await client.createCollection({ name: COLLECTION, embedder: 'glove-sif-100' })
  const collection = client.collection<Entry>(COLLECTION)
  for await (const batch of batchesOf(definitions, BATCH)) {
    const points = batch.map(({ id, words, definition }) => ({
      id,
      text: definition,
      payload: { words, definition },
    }))
    if (await isUnderstood(() => collection.upsert(points))) continue
    // A few definitions hold no word that the embedder knows: they are left out.
    for (const point of points) await isUnderstood(() => collection.upsert([point]))
  }
  return collection
}

/** Words that have several definitions. */
function queriesOf(definitions: readonly Definition[]): Query[] {
  const byWord = new Map<string, Map<string, number>>()
  for (const { id, words } of definitions) {
    for (const [place, word] of words.entries()) {
      const grades = byWord.get(word) ?? new Map<string, number>()
      grades.set(id, place === 0 ? 2 : 1)
      byWord.set(word, grades)
    }
  }
  return [...byWord]
    .filter(([, grades]) => grades.size > 1)
    .map(([word, grades]) => ({ word, grades }))
}

/** So many queries that the embedder understands. */
async function understood(
  collection: Definitions,
  queries: readonly Query[],
  count: number,
): Promise<Query[]> {
  const found: Query[] = []
  for (const query of queries) {
    if (found.length === count) break
    const ask = () => collection.search({ text: query.word, topK: 1 })
    if (await isUnderstood(ask)) found.push(query)
  }
  return found
}

/** Whether the embedder understood the texts; other failures are thrown. */
async function isUnderstood(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof VectronApiError && error.reason === 'TEXT_NOT_UNDERSTOOD') return false
    throw error
  }
}

/** Tells the product what is relevant to a query, and of its results what is not. */
async function judge(collection: Definitions, { word, grades }: Query): Promise<void> {
  const { results } = await collection.search({ text: word, topK: CANDIDATES })
  const judged = new Map(results.map(({ id }) => [id, grades.get(id) ?? 0]))
  for (const [id, grade] of grades) judged.set(id, grade)
  const entries = [...judged].map(
    ([id, grade]) => ({ text: word, id, kind: 'judgement', grade }) as const,
  )
  await collection.addFeedback(entries)
}

/** `vectron rerank train`, as people call it; answers what it prints. */
async function train({ url, apiKey }: VectronProcess, file: string): Promise<string> {
  const fields = ['--text-fields', 'words', 'definition']
  const args = [COMMAND, 'rerank', 'train', COLLECTION, '--out', file, ...fields]
  const child = spawn(process.execPath, args, {
    env: { ...process.env, VECTRON_URL: url, VECTRON_API_KEY: apiKey },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed += String(chunk)
    })
  }
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`vectron rerank train ended with ${code}: ${printed}`)
  return printed
}

/** Mean nDCG@10. */
async function measure(
  collection: Definitions,
  queries: readonly Query[],
  rerank: Rerank | undefined,
): Promise<number> {
  let sum = 0
  for (const { word, grades } of queries) {
    const { results, rerank: report } = await collection.search({
      text: word,
      topK: DEPTH,
      ...(rerank === undefined ? {} : { rerank: { ...rerank, limit: CANDIDATES } }),
    })
    if (report?.degraded === true) throw new Error(`"${word}" was not reranked: ${report.message}`)
    const seen = results.map(({ id }) => grades.get(id) ?? 0)
    sum += ndcgAt(DEPTH, seen, [...grades.values()]) ?? 0
  }
  return sum / queries.length
}

/** Share of what is relevant among the candidates: no order of them can show more. */
async function recall(collection: Definitions, queries: readonly Query[]): Promise<number> {
  let sum = 0
  for (const { word, grades } of queries) {
    const { results } = await collection.search({ text: word, topK: CANDIDATES })
    sum += results.filter(({ id }) => grades.has(id)).length / grades.size
  }
  return sum / queries.length
}
