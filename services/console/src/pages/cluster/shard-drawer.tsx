/** One shard: its replicas, what is wrong with it, and where its leader and replicas may go. */
import { Drawer, List, Stack, Text } from '@mantine/core'
import type { ShardInfo, ShardReplica, WorkerInfo } from '@vectron/client'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { formatBytes, formatCount } from '../../kit/format.ts'
import { TextLink } from '../../kit/links.tsx'
import { StateDot } from '../../kit/state-dot.tsx'
import { useMay } from '../../session/may.ts'
import { MoveReplica } from './move-replica.tsx'
import { toneOf } from './shard-rows.ts'
import { TransferLeader } from './transfer-leader.tsx'

export interface ShardDrawerProps {
  /** undefined: there is none of that id. */
  readonly shard: ShardInfo | undefined
  readonly workers: readonly WorkerInfo[]
  readonly isOpen: boolean
  readonly onClose: () => void
}

export function ShardDrawer({ shard, workers, isOpen, onClose }: ShardDrawerProps) {
  return (
    <Drawer
      opened={isOpen}
      onClose={onClose}
      position="right"
      size="lg"
      title={shard === undefined ? 'Shard' : `Shard ${shard.shardId} of ${shard.collection}`}
      closeButtonProps={{ 'aria-label': 'Close the shard' }}
    >
      {shard === undefined ? (
        <EmptyState
          title="There is no such shard"
          text="It was split, merged or deleted with its collection since this link was made."
        />
      ) : (
        <ShardDetails shard={shard} workers={workers} />
      )}
    </Drawer>
  )
}

function ShardDetails({
  shard,
  workers,
}: Pick<Required<ShardDrawerProps>, 'workers'> & { readonly shard: ShardInfo }) {
  const isOperator = useMay()('operator')
  const { collection, rangeStart, rangeEnd, lastIndex, problems, changing } = shard
  return (
    <Stack gap="lg">
      {problems.length > 0 && (
        <List size="sm">
          {problems.map((problem) => (
            <List.Item key={problem}>{problem}</List.Item>
          ))}
        </List>
      )}
      <DataTable
        label="Replicas"
        columns={REPLICA_COLUMNS}
        rows={shard.replicas}
        keyOf={({ replicaId }) => String(replicaId)}
      />
      <Text size="sm" className="quiet">
        Of{' '}
        <TextLink to="/collections/$name" params={{ name: collection }}>
          {collection}
        </TextLink>
        {', hashes '}
        <span className="figures">{`${rangeStart}–${rangeEnd || 'end'}`}</span>
        {', log index '}
        <span className="figures">{formatCount(Number(lastIndex))}</span>
        {changing && ', its members are changing'}.
      </Text>
      {isOperator && <TransferLeader shard={shard} workers={workers} />}
      {isOperator && <MoveReplica shard={shard} workers={workers} />}
    </Stack>
  )
}

const REPLICA_COLUMNS: readonly Column<ShardReplica>[] = [
  {
    accessorKey: 'workerId',
    header: 'Worker',
    cell: ({ row: { original } }) => `worker ${original.workerId}`,
  },
  {
    accessorKey: 'role',
    header: 'Role',
    cell: ({ row: { original } }) =>
      original.leaving ? `${original.role}, leaving` : original.role,
  },
  {
    accessorKey: 'state',
    header: 'State',
    cell: ({ row: { original } }) => <StateDot tone={toneOf(original)}>{original.state}</StateDot>,
  },
  {
    accessorKey: 'lag',
    header: 'Lag',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => (original.lag === 0 ? '–' : formatCount(original.lag)),
  },
  {
    accessorKey: 'pointsCount',
    header: 'Points',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatCount(original.pointsCount),
  },
  {
    accessorKey: 'diskBytes',
    header: 'Size',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatBytes(original.diskBytes),
  },
]
