/** The workers: whether they are heard of, how full they are, and what may be done to them. */
import { Group, Progress, Text } from '@mantine/core'
import type { WorkerInfo } from '@vectron/client'
import Server from 'lucide-react/icons/server'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { formatAgo, formatBytes, formatCores, formatPlural, formatShare } from '../../kit/format.ts'
import { StateDot, type StateTone } from '../../kit/state-dot.tsx'
import { useMay } from '../../session/may.ts'
import { DemoButton } from './demo-button.tsx'
import { nodeAt } from './local-nodes.ts'
import { useShownView } from './shown-view.ts'
import { WorkerMenu } from './worker-menu.tsx'
import classes from './worker-table.module.css'

export function WorkerTable() {
  const view = useShownView()
  const isOperator = useMay()('operator')
  if (view.workers.length === 0) {
    return (
      <EmptyState
        icon={Server}
        title="No workers yet"
        text="A worker shows up here as soon as it has told placement of itself."
      />
    )
  }
  return (
    <DataTable
      label="Workers"
      columns={isOperator ? COLUMNS_WITH_ACTIONS : COLUMNS}
      rows={view.workers}
      keyOf={({ workerId }) => String(workerId)}
    />
  )
}

const COLUMNS: readonly Column<WorkerInfo>[] = [
  {
    accessorKey: 'workerId',
    header: 'Worker',
    cell: ({ row: { original } }) => (
      <div>
        <Text size="sm" fw={500}>{`worker ${original.workerId}`}</Text>
        <Text size="xs" className="quiet">
          {original.address}
        </Text>
      </div>
    ),
  },
  {
    accessorKey: 'state',
    header: 'State',
    cell: ({ row: { original } }) => <WorkerState worker={original} />,
  },
  {
    accessorKey: 'zone',
    header: 'Zone',
    cell: ({ row: { original } }) => original.zone || '–',
  },
  { accessorKey: 'replicas', header: 'Replicas', meta: { align: 'right' } },
  { accessorKey: 'leaders', header: 'Leaders', meta: { align: 'right' } },
  {
    accessorKey: 'replicaBytes',
    header: 'Data',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatBytes(original.replicaBytes),
  },
  {
    accessorKey: 'cpuCores',
    header: 'CPU',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatCores(original.cpuCores),
  },
  {
    accessorKey: 'memoryBytes',
    header: 'Memory',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatBytes(original.memoryBytes),
  },
  {
    id: 'disk',
    header: 'Disk',
    accessorFn: usedShare,
    cell: ({ row: { original } }) => <Disk worker={original} />,
  },
]

const ACTIONS: Column<WorkerInfo> = {
  id: 'actions',
  header: 'Actions',
  enableSorting: false,
  meta: { align: 'right' },
  cell: ({ row: { original } }) => <Actions worker={original} />,
}

const COLUMNS_WITH_ACTIONS = [...COLUMNS, ACTIONS]

function Actions({ worker }: { readonly worker: WorkerInfo }) {
  const { localNodes, workers } = useShownView()
  const node = nodeAt(localNodes, worker.address)
  return (
    <Group gap="xs" justify="flex-end" wrap="nowrap">
      {node !== undefined && <DemoButton node={node} />}
      <WorkerMenu worker={worker} workers={workers} />
    </Group>
  )
}

const TONES: Readonly<Record<WorkerInfo['state'], StateTone>> = {
  up: 'good',
  draining: 'warn',
  silent: 'warn',
  dead: 'bad',
  unknown: 'quiet',
}

function WorkerState({ worker }: { readonly worker: WorkerInfo }) {
  const { state, draining, replicas, lastHeartbeat } = worker
  return (
    <div>
      <StateDot tone={TONES[state]}>{state}</StateDot>
      {draining && (
        <Text size="xs" className="quiet">
          {replicas === 0 ? 'empty' : `${formatPlural(replicas, 'replica')} left`}
        </Text>
      )}
      {(state === 'silent' || state === 'dead') && (
        <Text size="xs" className="quiet">{`heard of ${formatAgo(lastHeartbeat)}`}</Text>
      )}
    </div>
  )
}

/** Of the whole disk, whoever uses it: 0 where the worker has not said. */
function usedShare({ diskUsedBytes, diskFreeBytes }: WorkerInfo): number {
  const whole = diskUsedBytes + diskFreeBytes
  return whole === 0 ? 0 : diskUsedBytes / whole
}

function Disk({ worker }: { readonly worker: WorkerInfo }) {
  const { diskUsedBytes, diskFreeBytes } = worker
  if (diskUsedBytes + diskFreeBytes === 0) return '–'
  const share = usedShare(worker)
  return (
    <div className={classes['disk']}>
      <Progress
        value={100 * share}
        size="sm"
        color={share > 0.85 ? 'red' : 'jade'}
        aria-label={`Of the disk, ${formatShare(share)} is used`}
      />
      <Text size="xs" className="quiet figures">
        {formatBytes(diskFreeBytes)} free
      </Text>
    </div>
  )
}
