/** Moves a replica of a shard from one worker to another. */
import { Button, Group, Select, Text } from '@mantine/core'
import { useState } from 'react'
import { useClusterAction } from '../../api/cluster.ts'
import { ConfirmDialog } from '../../kit/confirm-dialog.tsx'
import type { ShardActionProps } from './transfer-leader.tsx'

export function MoveReplica({ shard, workers }: ShardActionProps) {
  const { shardId, replicas } = shard
  const [from, setFrom] = useState<string | null>(null)
  const [to, setTo] = useState<string | null>(null)
  const [isAsked, setAsked] = useState(false)
  const move = useClusterAction((cluster) =>
    cluster.moveReplica({
      shardId,
      fromWorkerId: from ?? '0',
      ...(to === null ? {} : { toWorkerId: to }),
    }),
  )
  const has = new Set(replicas.map(({ workerId }) => workerId))
  const sources = replicas.filter(({ leaving }) => !leaving).map(({ workerId }) => choice(workerId))
  const targets = workers
    .filter(({ workerId, state }) => state === 'up' && !has.has(workerId))
    .map(({ workerId }) => choice(workerId))
  if (targets.length === 0) {
    return (
      <Text size="sm" className="quiet">
        Its replicas have nowhere to move to: every worker that is up has one already.
      </Text>
    )
  }
  return (
    <>
      <Group align="flex-end" gap="xs">
        <Select
          label="Move from"
          placeholder="Choose a worker"
          data={sources}
          value={from}
          onChange={setFrom}
          flex="1 1 150px"
        />
        <Select
          label="Move to"
          placeholder="Placement chooses"
          data={targets}
          value={to}
          onChange={setTo}
          clearable
          flex="1 1 150px"
        />
        <Button variant="default" disabled={from === null} onClick={() => setAsked(true)}>
          Move replica
        </Button>
      </Group>
      <ConfirmDialog
        opened={isAsked}
        onClose={() => setAsked(false)}
        title={`Move a replica of shard ${shardId}?`}
        action="Move replica"
        onConfirm={() => move.mutate(undefined, { onSuccess: () => setAsked(false) })}
        isRunning={move.isPending}
        error={move.error}
      >
        {`From worker ${from} to ${to === null ? 'where placement chooses' : `worker ${to}`}: a new ` +
          'replica joins and catches up before the old one goes. Searches and writes go on.'}
      </ConfirmDialog>
    </>
  )
}

function choice(workerId: number | string) {
  return { value: String(workerId), label: `worker ${workerId}` }
}
