/** What the search lab and the map ask of a collection beside its figures. */
import { queryOptions, useMutation } from '@tanstack/react-query'
import type {
  AnyPayload,
  Collection,
  FeedbackEntry,
  ScoredPoint,
  SearchRequest,
  SearchResult,
} from '@vectron/client'
import {
  isAsked,
  type LabConfig,
  type LabSearch,
  TOP_K_DEFAULT,
  toRequest,
} from '../pages/search/lab-config.ts'
import { useProject } from '../session/project.ts'
import { vectronOf } from './client.ts'

/** One result as the lab shows it. */
export type Hit = Omit<ScoredPoint<AnyPayload>, 'score'> & {
  /** Absent for points that a filter alone chose. */
  readonly score?: number
  /** The value of its group. */
  readonly group?: string | number | boolean
}

export interface LabAnswer {
  readonly hits: readonly Hit[]
  /** Absent for a filter alone, which is no search. */
  readonly result?: SearchResult<AnyPayload>
  /** Milliseconds until the browser had it. */
  readonly tookMs: number
}

type Question = Pick<LabSearch, 'collection' | 'by' | 'q'>

/** The answer to a question in one config; explained, so that the shards are asked. */
export function labQuery(projectId: string, question: Question, config: LabConfig) {
  const { collection = '', by, q } = question
  return queryOptions({
    queryKey: [projectId, 'lab', collection, by ?? 'text', q ?? '', config],
    enabled: isAsked(question),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async ({ signal }): Promise<LabAnswer> => {
      const points = vectronOf(projectId).collection(collection)
      const request = toRequest(question, config)
      const beganMs = performance.now()
      const found =
        request === undefined
          ? { hits: await takeFirst(points, config, signal) }
          : withHits(await points.search({ ...request, explain: true }, { signal }))
      return { ...found, tookMs: performance.now() - beganMs }
    },
  })
}

function withHits(result: SearchResult<AnyPayload>): Pick<LabAnswer, 'hits' | 'result'> {
  const grouped = result.groups.flatMap(({ value, results }) =>
    results.map((hit) => ({ ...hit, group: value })),
  )
  return { hits: grouped.length > 0 ? grouped : result.results, result }
}

async function takeFirst(
  points: Collection<AnyPayload>,
  { topK = TOP_K_DEFAULT, filter, consistency, withPayload }: LabConfig,
  signal: AbortSignal,
): Promise<Hit[]> {
  const hits: Hit[] = []
  const options = {
    pageSize: topK,
    signal,
    ...(filter === undefined ? {} : { filter }),
    ...(consistency === undefined ? {} : { consistency }),
    ...(withPayload === undefined ? {} : { withPayload }),
  }
  for await (const point of points.scroll(options)) {
    hits.push(point)
    if (hits.length === topK) break
  }
  return hits
}

/** Why a point is not among the results; asked of the search without what cannot go with it. */
export function whyNotQuery(
  projectId: string,
  question: Question & { readonly id: string },
  config: LabConfig,
) {
  const { collection = '', by, q, id } = question
  return queryOptions({
    queryKey: [projectId, 'lab', collection, 'why', by ?? 'text', q ?? '', config, id],
    enabled: isAsked(question) && by !== 'filter' && id !== '',
    retry: false,
    queryFn: async ({ signal }) => {
      const { rerank: _, groupBy: __, ...plain } = config
      const request = toRequest(question, plain) as SearchRequest<AnyPayload>
      const points = vectronOf(projectId).collection(collection)
      const asked = { ...request, whyNot: id, withPayload: false, cache: false }
      return (await points.search(asked, { signal })).whyNot
    },
  })
}

export function rerankStrategiesQuery(projectId: string) {
  return queryOptions({
    queryKey: [projectId, 'rerank-strategies'],
    staleTime: 60_000,
    queryFn: ({ signal }) => vectronOf(projectId).rerankStrategies({ signal }),
  })
}

export function rerankPresetsQuery(projectId: string, collection: string) {
  return queryOptions({
    queryKey: [projectId, 'collections', collection, 'rerank-presets'],
    enabled: collection !== '',
    staleTime: 10_000,
    queryFn: ({ signal }) =>
      vectronOf(projectId).collection(collection).rerankPresets.list({ signal }),
  })
}

/** What somebody made of a result: 0 for useless to 4 for perfect. */
export interface Judgement {
  readonly question: Question
  readonly id: string
  readonly grade: 0 | 4
}

export function useJudge() {
  const projectId = useProject()?.projectId ?? ''
  return useMutation({
    mutationFn: async ({ question, id, grade }: Judgement) => {
      const { collection = '' } = question
      const points = vectronOf(projectId).collection(collection)
      const query = await judgedQuery(points, question)
      const entry: FeedbackEntry = { ...query, id, kind: 'judgement', grade }
      return points.addFeedback([entry])
    },
  })
}

/** Feedback knows texts and vectors; a search by a point is one by its vector. */
async function judgedQuery(points: Collection<AnyPayload>, question: Question) {
  const request = toRequest(question, {})
  if (request === undefined) throw new Error('A filter alone has nothing to be judged by.')
  if ('text' in request) return { text: request.text }
  if ('vector' in request) return { vector: request.vector }
  const id = 'id' in request ? request.id : ''
  const point = await points.get(id, { withVector: true })
  if (point?.vector === undefined) throw new Error(`There is no point "${id}" any more.`)
  return { vector: point.vector }
}
