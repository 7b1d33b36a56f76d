/** Hands the leadership of a shard to another of its workers. */
import { Button, Group, Select, Text } from '@mantine/core'
import type { ShardInfo, WorkerInfo } from '@vectron/client'
import { useState } from 'react'
import { useClusterAction } from '../../api/cluster.ts'
import { ConfirmDialog } from '../../kit/confirm-dialog.tsx'

export interface ShardActionProps {
  readonly shard: ShardInfo
  readonly workers: readonly WorkerInfo[]
}

export function TransferLeader({ shard, workers }: ShardActionProps) {
  const { shardId, leaderWorkerId, replicas } = shard
  const [wanted, setWanted] = useState<string | null>(null)
  const [isAsked, setAsked] = useState(false)
  const transfer = useClusterAction((cluster) =>
    cluster.transferLeader({ shardId, ...(wanted === null ? {} : { toWorkerId: wanted }) }),
  )
  const isUp = (id: unknown) => workers.some((one) => one.workerId === id && one.state === 'up')
  const choices = replicas
    .filter(({ role, leaving, workerId }) => role === 'voter' && !leaving && isUp(workerId))
    .map(({ workerId }) => ({ value: String(workerId), label: `worker ${workerId}` }))
  if (choices.length === 0) {
    return (
      <Text size="sm" className="quiet">
        Nobody else can lead: no other worker that is up has a voter of this shard.
      </Text>
    )
  }
  return (
    <>
      <Group align="flex-end" gap="xs">
        <Select
          label="New leader"
          placeholder="Placement chooses"
          data={choices}
          value={wanted}
          onChange={setWanted}
          clearable
          flex={1}
        />
        <Button variant="default" onClick={() => setAsked(true)}>
          Transfer leader
        </Button>
      </Group>
      <ConfirmDialog
        opened={isAsked}
        onClose={() => setAsked(false)}
        title={`Transfer the leader of shard ${shardId}?`}
        action="Transfer"
        onConfirm={() => transfer.mutate(undefined, { onSuccess: () => setAsked(false) })}
        isRunning={transfer.isPending}
        error={transfer.error}
      >
        {`From worker ${leaderWorkerId} to ${wanted === null ? 'whom placement chooses' : `worker ${wanted}`}. ` +
          'Takes some milliseconds, in which writes wait; none is lost.'}
      </ConfirmDialog>
    </>
  )
}
