/** How far an answer can be relied on, in plain words; docs/SEARCH.md is where they come from. */
import type { AnyPayload, SearchResult } from '@vectron/client'
import type { StateTone } from '../../kit/state-dot.tsx'

export interface AnswerWords {
  readonly tone: StateTone
  readonly title: string
  /** What it means, and what to do about it; one sentence each. */
  readonly lines: readonly string[]
}

type Answer = Pick<
  SearchResult<AnyPayload>,
  'completeness' | 'complete' | 'shardsAnswered' | 'shardsTotal' | 'missing' | 'warnings' | 'cache'
>

export function answerWords(answer: Answer): AnswerWords {
  const { kind, truncatedBy } = answer.completeness
  const rest = [
    ...answer.missing.map(({ shardId, message }) => `Shard ${shardId} is missing: ${message}`),
    ...answer.warnings,
    ...(answer.cache.hit ? [`Remembered by the gateway for ${answer.cache.ageMs} ms.`] : []),
  ]
  switch (kind) {
    case 'exact':
      return { tone: 'good', title: 'Exact', lines: ['No nearer point exists.', ...rest] }
    case 'approximate':
      return { tone: 'good', title: 'Approximate', lines: [APPROXIMATE, ...rest] }
    case 'truncated': {
      const { shardsAnswered, shardsTotal } = answer
      const title = answer.complete
        ? 'Cut off'
        : `Partial: ${shardsAnswered} of ${shardsTotal} shards answered`
      return { tone: 'warn', title, lines: [TRUNCATED, ...truncatedBy, ...rest] }
    }
  }
}

const APPROXIMATE =
  'Found by walking the graph, which misses few. Raise the search width or set exact to be sure.'
const TRUNCATED = 'Something that may belong to the answer is not in it:'
