/** Moves: those that run, with their steps and a way to stop them, and the last that ended. */
import { Button, Progress, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Operator, OperatorStep } from '@vectron/client'
import ArrowRightLeft from 'lucide-react/icons/arrow-right-left'
import { useState } from 'react'
import { operatorsQuery, useClusterAction } from '../../api/cluster.ts'
import { ConfirmDialog } from '../../kit/confirm-dialog.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { formatAgo } from '../../kit/format.ts'
import { Rows } from '../../kit/page-waiting.tsx'
import { StateDot, type StateTone } from '../../kit/state-dot.tsx'
import { useMay } from '../../session/may.ts'
import { useProject } from '../../session/project.ts'
import classes from './operator-list.module.css'

/** Ended ones that are shown before more are asked for. */
const ENDED_SHOWN = 8

/** @param running as the stream has them: newer than what is asked for now and then */
export function OperatorList({ running }: { readonly running: readonly Operator[] }) {
  const projectId = useProject()?.projectId ?? ''
  const known = useQuery(operatorsQuery(projectId))
  const [isOpen, setOpen] = useState(false)
  const isRunning = new Set(running.map(({ operatorId }) => operatorId))
  const ended = (known.data ?? []).filter(
    ({ operatorId, state }) => !isRunning.has(operatorId) && state !== 'running',
  )
  const shown = isOpen ? ended : ended.slice(0, ENDED_SHOWN)
  if (known.isPending) return <Rows count={2} />
  if (known.isError && running.length === 0) {
    return <ErrorState error={known.error} onRetry={known.refetch} />
  }
  if (running.length + ended.length === 0) {
    return (
      <EmptyState
        icon={ArrowRightLeft}
        title="Nothing has moved"
        text="Drain a worker, open a shard to move a replica or hand on its leader, or rebalance."
      />
    )
  }
  return (
    <>
      <ul className={`panel ${classes['list']}`} aria-label="Moves">
        {[...running, ...shown].map((operator) => (
          <OperatorRow key={operator.operatorId} operator={operator} />
        ))}
      </ul>
      {ended.length > shown.length && (
        <Button variant="subtle" color="gray" size="xs" mt="xs" onClick={() => setOpen(true)}>
          {`Show ${ended.length - shown.length} more`}
        </Button>
      )}
    </>
  )
}

function OperatorRow({ operator }: { readonly operator: Operator }) {
  const { kind, shardId, collection, reason, state, steps, createTime, finishTime } = operator
  const isRunning = state === 'running'
  const step = steps.find((one) => one.state === 'running')
  return (
    <li className={classes['row']} data-running={isRunning || undefined}>
      <div className={classes['what']}>
        <Text size="sm" fw={500}>
          {`${KINDS[kind] ?? kind} of ${collection} / ${shardId}`}
        </Text>
        <Text size="xs" className="quiet">
          {reason}
        </Text>
      </div>
      <div className={classes['how']}>
        {isRunning ? (
          <>
            <Text size="xs">{step?.text ?? 'waits for its turn'}</Text>
            <Progress
              value={100 * progressOf(steps)}
              size="sm"
              animated
              aria-label={`Progress of the move of shard ${shardId}`}
            />
          </>
        ) : (
          <StateDot tone={toneOf(state)}>{state}</StateDot>
        )}
      </div>
      <Text size="xs" className={`quiet ${classes['when']}`}>
        {formatAgo(isRunning ? createTime : finishTime)}
      </Text>
      {isRunning && <CancelButton operator={operator} />}
    </li>
  )
}

const KINDS: Readonly<Record<string, string>> = {
  add_replica: 'New replica',
  remove_replica: 'Removal of a replica',
  move_replica: 'Move',
  replace_replica: 'Replacement',
  transfer_leader: 'Change of leader',
}

function toneOf(state: string): StateTone {
  if (state === 'done') return 'good'
  return state.startsWith('failed') ? 'bad' : 'quiet'
}

/** 0 to 1: steps that are done, and the part of the one that runs. */
export function progressOf(steps: readonly OperatorStep[]): number {
  const done = steps.reduce(
    (sum, { state, progress }) => sum + (state === 'done' ? 1 : progress),
    0,
  )
  return steps.length === 0 ? 0 : done / steps.length
}

function CancelButton({ operator }: { readonly operator: Operator }) {
  const [isOpen, setOpen] = useState(false)
  const cancel = useClusterAction((cluster) => cluster.cancelOperator(operator.operatorId))
  if (!useMay()('operator')) return null
  return (
    <>
      <Button size="compact-xs" variant="default" onClick={() => setOpen(true)}>
        Cancel
      </Button>
      <ConfirmDialog
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={`Stop the move of shard ${operator.shardId}?`}
        action="Stop the move"
        onConfirm={() => cancel.mutate(undefined, { onSuccess: () => setOpen(false) })}
        isRunning={cancel.isPending}
        error={cancel.error}
      >
        It stops where it is; what it has done already stays. Placement begins another if the shard
        lacks a replica.
      </ConfirmDialog>
    </>
  )
}
