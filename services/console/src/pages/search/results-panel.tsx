/** The results of each way: how far they can be relied on, and how their order differs. */
import { Text } from '@mantine/core'
import type { RerankReport } from '@vectron/client'
import type { LabAnswer } from '../../api/lab.ts'
import { EmptyState } from '../../kit/empty-state.tsx'
import { formatMicros, formatPlural, formatShare } from '../../kit/format.ts'
import { StateDot } from '../../kit/state-dot.tsx'
import { useMay } from '../../session/may.ts'
import { answerWords } from './answer-words.ts'
import { HitRow } from './hit-row.tsx'
import type { LabSearch } from './lab-config.ts'
import { queryWords } from './query-words.ts'
import { overlap, rankChanges } from './rank-changes.ts'
import classes from './results-panel.module.css'
import { type Way, Ways } from './ways.tsx'

export interface ResultsPanelProps {
  readonly lab: LabSearch
  readonly ways: readonly Way[]
}

export function ResultsPanel({ lab, ways }: ResultsPanelProps) {
  const may = useMay()
  const words = queryWords(lab.by === undefined || lab.by === 'text' ? (lab.q ?? '') : '')
  const lists = ways.map(({ query }) => query.data?.hits.map(({ id }) => id))
  const [first, second] = lists
  const changes = first !== undefined && second !== undefined && rankChanges(second, first)
  const mayJudge = may('write') && lab.by !== 'filter'
  return (
    <>
      {first !== undefined && second !== undefined && <Difference first={first} second={second} />}
      <Ways ways={ways} head={(answer) => <AnswerLine answer={answer} />}>
        {(answer, way) => (
          <>
            <Reliance answer={answer} />
            {answer.hits.length === 0 ? (
              <NothingFound />
            ) : (
              <ol className={`panel ${classes['hits']}`}>
                {answer.hits.map((hit, index) => (
                  <HitRow
                    key={`${hit.id} ${hit.group ?? ''}`}
                    hit={hit}
                    rank={index + 1 + (way.config.offset ?? 0)}
                    words={words}
                    change={(way.name === 'B' && changes && changes[index]) || undefined}
                    question={lab}
                    mayJudge={mayJudge}
                  />
                ))}
              </ol>
            )}
          </>
        )}
      </Ways>
    </>
  )
}

function AnswerLine({ answer }: { readonly answer: LabAnswer }) {
  const { hits, result, tookMs } = answer
  const took = result === undefined ? '' : ` in ${formatMicros(result.tookUs)}`
  return (
    <Text size="sm" className="quiet figures">
      {formatPlural(hits.length, 'result')}
      {took}
      {result?.matches !== undefined && `, ${formatPlural(result.matches, 'match', 'matches')}`}
      {`, ${formatMicros(1000 * tookMs)} until they were here`}
    </Text>
  )
}

function Reliance({ answer }: { readonly answer: LabAnswer }) {
  const { result } = answer
  if (result === undefined) return null
  const { tone, title, lines } = answerWords(result)
  const { rerank } = result
  return (
    <div className={classes['reliance']}>
      <StateDot tone={tone}>{title}</StateDot>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
        {rerank !== undefined && !rerank.degraded && <li>{rerankText(rerank)}</li>}
        {rerank?.degraded && <li>{`Not reranked: ${rerank.message}`}</li>}
      </ul>
    </div>
  )
}

function rerankText({ candidates, preset, strategy, tookUs }: RerankReport): string {
  const by = preset || strategy
  return `Reranked ${candidates} candidates by ${by} in ${formatMicros(tookUs)}.`
}

interface DifferenceProps {
  readonly first: readonly string[]
  readonly second: readonly string[]
}

function Difference({ first, second }: DifferenceProps) {
  const shared = overlap(first, second)
  const moved = rankChanges(second, first).filter(({ kind }) => kind === 'up' || kind === 'down')
  return (
    <Text size="sm" mb="md" className="figures">
      {shared === 1 && moved.length === 0
        ? 'Both give the same results in the same order.'
        : differenceText(shared, moved.length)}
    </Text>
  )
}

function differenceText(shared: number, moved: number): string {
  const both = `${formatShare(shared)} of the results are in both`
  if (moved === 0) return `${both}, in the same order.`
  return `${both}; ${moved} of them ${moved === 1 ? 'stands' : 'stand'} elsewhere.`
}

function NothingFound() {
  return (
    <EmptyState
      title="Nothing found"
      text="No point matches. Loosen the filter or the score threshold, or look at another collection."
    />
  )
}
