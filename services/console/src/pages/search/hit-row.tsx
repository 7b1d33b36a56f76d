/** One result: rank and how it moved, id, score, payload with the words of the query marked. */
import { ActionIcon, Group, Tooltip, UnstyledButton } from '@mantine/core'
import ThumbsDown from 'lucide-react/icons/thumbs-down'
import ThumbsUp from 'lucide-react/icons/thumbs-up'
import { useState } from 'react'
import { type Hit, type Judgement, useJudge } from '../../api/lab.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { valueText } from '../../kit/payload-path.ts'
import classes from './hit-row.module.css'
import type { LabSearch } from './lab-config.ts'
import { markWords } from './query-words.ts'
import type { RankChange } from './rank-changes.ts'

export interface HitRowProps {
  readonly hit: Hit
  /** From 1. */
  readonly rank: number
  readonly words: ReadonlySet<string>
  readonly change: RankChange | undefined
  readonly question: LabSearch
  readonly mayJudge: boolean
}

/** Fields shown before one asks for more. */
const FIELDS_FIRST = 6
/** Longer values have a line of their own. */

export function HitRow(props: HitRowProps) {
  const { hit, rank, words, change, question, mayJudge } = props
  const [isOpen, setOpen] = useState(false)
  const judge = useJudge()
  const fields = Object.entries(hit.payload ?? {})
  const shown = isOpen ? fields : fields.slice(0, FIELDS_FIRST)
  return (
    <li className={classes['hit']}>
      <div className={`figures ${classes['rank']}`}>
        {rank}
        {change !== undefined && <ChangeMark change={change} />}
      </div>
      <div className={classes['body']}>
        <div className={classes['head']}>
          <span className={classes['id']} data-id>
            {hit.id}
          </span>
          {hit.group !== undefined && <span className={classes['group']}>{String(hit.group)}</span>}
        </div>
        {shown.length > 0 && (
          <dl className={classes['fields']}>
            {shown.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd data-open={isOpen || undefined}>
                  <Marked text={valueText(value)} words={words} />
                </dd>
              </div>
            ))}
          </dl>
        )}
        {fields.length > FIELDS_FIRST && (
          <UnstyledButton className={classes['more']} onClick={() => setOpen(!isOpen)}>
            {isOpen ? 'Less' : `${fields.length - FIELDS_FIRST} more`}
          </UnstyledButton>
        )}
        {hit.rerankReason !== undefined && hit.rerankReason !== '' && (
          <p className={classes['reason']}>{hit.rerankReason}</p>
        )}
        {judge.isError && <ErrorState error={judge.error} />}
      </div>
      <div className={classes['side']}>
        {hit.score !== undefined && <Score hit={hit} />}
        {mayJudge && (
          <Thumbs
            id={hit.id}
            given={judge.isError ? undefined : judge.variables?.grade}
            onGive={(grade) => judge.mutate({ question, id: hit.id, grade })}
          />
        )}
      </div>
    </li>
  )
}

function ChangeMark({ change }: { readonly change: RankChange }) {
  switch (change.kind) {
    case 'up':
      return <Mark kind="up" text={`▲ ${change.by}`} says={`${change.by} higher than in A`} />
    case 'down':
      return <Mark kind="down" text={`▼ ${change.by}`} says={`${change.by} lower than in A`} />
    case 'absent':
      return <Mark kind="new" text="new" says="not in A" />
    case 'same':
      return <Mark kind="same" text="=" says="as in A" />
  }
}

interface MarkProps {
  readonly kind: string
  readonly text: string
  readonly says: string
}

function Mark({ kind, text, says }: MarkProps) {
  return (
    <Tooltip label={says}>
      <span className={classes['change']} data-kind={kind}>
        <span aria-hidden>{text}</span>
        <span className={classes['hidden']}>{says}</span>
      </span>
    </Tooltip>
  )
}

function Score({ hit }: { readonly hit: Hit }) {
  return (
    <div className={`figures ${classes['score']}`}>
      {(hit.score ?? 0).toFixed(4)}
      {hit.originalScore !== undefined && (
        <Tooltip label="by the metric, before reranking">
          <span className={classes['original']}>{hit.originalScore.toFixed(4)}</span>
        </Tooltip>
      )}
    </div>
  )
}

function Marked({ text, words }: { readonly text: string; readonly words: ReadonlySet<string> }) {
  const pieces = markWords(text, words)
  return pieces.map((piece, index) =>
    piece.isHit ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text
      <mark key={index} className={classes['mark']}>
        {piece.text}
      </mark>
    ) : (
      piece.text
    ),
  )
}

interface ThumbsProps {
  readonly id: string
  readonly given: Judgement['grade'] | undefined
  readonly onGive: (grade: Judgement['grade']) => void
}

function Thumbs({ id, given, onGive }: ThumbsProps) {
  return (
    <Group gap={2} wrap="nowrap">
      <ActionIcon
        variant={given === 4 ? 'light' : 'subtle'}
        color={given === 4 ? 'jade' : 'gray'}
        size="sm"
        aria-label={`Good result: ${id}`}
        aria-pressed={given === 4}
        onClick={() => onGive(4)}
      >
        <ThumbsUp size={14} />
      </ActionIcon>
      <ActionIcon
        variant={given === 0 ? 'light' : 'subtle'}
        color={given === 0 ? 'red' : 'gray'}
        size="sm"
        aria-label={`Bad result: ${id}`}
        aria-pressed={given === 0}
        onClick={() => onGive(0)}
      >
        <ThumbsDown size={14} />
      </ActionIcon>
    </Group>
  )
}
