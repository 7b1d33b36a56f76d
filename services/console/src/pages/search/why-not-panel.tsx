/** Why a point that one misses is not among the results. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { WhyNot } from '@vectron/client'
import { type FormEvent, useState } from 'react'
import { whyNotQuery } from '../../api/lab.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { Figure, Figures } from '../../kit/figure.tsx'
import { formatCount } from '../../kit/format.ts'
import { Rows } from '../../kit/page-waiting.tsx'
import { StateDot } from '../../kit/state-dot.tsx'
import { useProject } from '../../session/project.ts'
import type { LabConfig, LabSearch } from './lab-config.ts'
import { WayName } from './ways.tsx'

export interface WhyNotPanelProps {
  readonly lab: LabSearch
  readonly onAsk: (id: string) => void
}

export function WhyNotPanel({ lab, onAsk }: WhyNotPanelProps) {
  const { a = {}, b, whyNot: id = '' } = lab
  const [typed, setTyped] = useState(id)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (typed.trim() !== '') onAsk(typed.trim())
  }
  return (
    <Stack gap="lg">
      <form onSubmit={submit}>
        <Group align="flex-end" gap="xs">
          <TextInput
            label="Which point do you miss?"
            placeholder="its id"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            w={{ base: '100%', xs: 360 }}
          />
          <Button type="submit" variant="default">
            Ask why
          </Button>
        </Group>
        <Text size="sm" className="quiet" mt={6}>
          It costs an exact search besides; grouping and reranking are left out of it.
        </Text>
      </form>
      {id !== '' && <Reason name={b === undefined ? '' : 'A'} lab={lab} id={id} config={a} />}
      {id !== '' && b !== undefined && <Reason name="B" lab={lab} id={id} config={b} />}
    </Stack>
  )
}

interface ReasonProps {
  readonly name: string
  readonly lab: LabSearch
  readonly id: string
  readonly config: LabConfig
}

function Reason({ name, lab, id, config }: ReasonProps) {
  const projectId = useProject()?.projectId ?? ''
  const question = { collection: lab.collection ?? '', by: lab.by ?? 'text', q: lab.q ?? '', id }
  const { data, isPending, isError, error, refetch } = useQuery(
    whyNotQuery(projectId, question, config),
  )
  return (
    <Stack gap="xs">
      {name !== '' && <WayName name={name} />}
      {isPending && <Rows count={2} />}
      {isError && <ErrorState error={error} onRetry={refetch} />}
      {data !== undefined && <ReasonFacts why={data} />}
    </Stack>
  )
}

function ReasonFacts({ why }: { readonly why: WhyNot }) {
  const { cause, text, rank, score, clause, codedRank, width, widthSufficient } = why
  return (
    <>
      <StateDot tone={cause === 'found' ? 'good' : 'warn'}>{CAUSES[cause]}</StateDot>
      <Text>{text}</Text>
      <Figures>
        {rank > 0 && <Figure label="Place among all that match" value={formatCount(rank)} />}
        {score !== undefined && <Figure label="Score" value={score.toFixed(4)} />}
        {clause !== '' && <Figure label="Part of the filter" value={clause} />}
        {codedRank > 0 && <Figure label="Place by its code" value={formatCount(codedRank)} />}
        {width > 0 && <Figure label="Width searched" value={formatCount(width)} />}
        {widthSufficient > 0 && (
          <Figure label="Width that finds it" value={formatCount(widthSufficient)} />
        )}
      </Figures>
    </>
  )
}

const CAUSES: Readonly<Record<WhyNot['cause'], string>> = {
  found: 'It is among the results',
  no_such_point: 'There is no such point',
  asked_by_it: 'The search is for points like it',
  filtered: 'The filter leaves it out',
  shard_missing: 'Its shard did not answer',
  outranked: 'Others are nearer',
  missed: 'It was missed this time',
  too_far: 'It is beyond the score threshold',
  passed_over: 'The offset passes over it',
  lost_by_codes: 'Its code placed it too far back',
  not_reached: 'The walk in the graph never met it',
}
