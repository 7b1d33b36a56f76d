/** The statistics of a collection as tables: payload fields, bytes by kind, shards. */
import { Code } from '@mantine/core'
import type { FieldStats, ShardStats, StorageBytes } from '@vectron/client'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { formatBytes, formatCount } from '../../kit/format.ts'
import { StateDot } from '../../kit/state-dot.tsx'

export function FieldTable({ fields }: { readonly fields: readonly FieldStats[] }) {
  if (fields.length === 0) {
    return (
      <EmptyState
        title="No payload fields yet"
        text="Fields show up here with the first points that have them; each can be filtered by."
      />
    )
  }
  return (
    <DataTable
      label="Payload fields"
      columns={FIELD_COLUMNS}
      rows={fields}
      keyOf={({ field, type }) => `${field} ${type}`}
      sortedBy={{ column: 'field', descending: false }}
    />
  )
}

/** What is stored alone is in no index, so that nobody counts it. */
function ofIndex({ type }: FieldStats, figure: string): string {
  return type === 'stored' ? '–' : figure
}

const FIELD_COLUMNS: readonly Column<FieldStats>[] = [
  {
    accessorKey: 'field',
    header: 'Field',
    cell: ({ row: { original } }) => <Code>{original.field}</Code>,
  },
  {
    accessorKey: 'type',
    header: 'Type',
    cell: ({ row: { original } }) =>
      original.type === 'unspecified' ? 'none: all are null' : original.type,
  },
  {
    accessorKey: 'declared',
    header: 'Schema',
    cell: ({ row: { original } }) => (original.declared ? 'declared' : 'seen'),
  },
  {
    accessorKey: 'pointsCount',
    header: 'Points',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => ofIndex(original, formatCount(original.pointsCount)),
  },
  {
    accessorKey: 'distinctValues',
    header: 'Values',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => ofIndex(original, formatCount(original.distinctValues)),
  },
  {
    accessorKey: 'memoryBytes',
    header: 'Memory',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => ofIndex(original, formatBytes(original.memoryBytes)),
  },
]

interface StorageRow {
  readonly what: string
  readonly where: 'memory' | 'disk'
  readonly bytes: number
}

export function StorageTable({ bytes }: { readonly bytes: StorageBytes | undefined }) {
  const rows: StorageRow[] = [
    { what: 'Graph and codes', where: 'memory', bytes: bytes?.graphMemory ?? 0 },
    { what: 'Payload indexes', where: 'memory', bytes: bytes?.payloadIndexMemory ?? 0 },
    { what: 'Points and payloads', where: 'disk', bytes: bytes?.storeDisk ?? 0 },
    { what: 'Vectors', where: 'disk', bytes: bytes?.vectorsDisk ?? 0 },
    { what: 'Checkpoints of the graph', where: 'disk', bytes: bytes?.checkpointDisk ?? 0 },
  ]
  return (
    <DataTable
      label="Storage"
      columns={STORAGE_COLUMNS}
      rows={rows}
      keyOf={({ what }) => what}
      sortedBy={{ column: 'bytes', descending: true }}
    />
  )
}

const STORAGE_COLUMNS: readonly Column<StorageRow>[] = [
  { accessorKey: 'what', header: 'What' },
  { accessorKey: 'where', header: 'Where' },
  {
    accessorKey: 'bytes',
    header: 'Bytes',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatBytes(original.bytes),
  },
]

export function ShardTable({ shards }: { readonly shards: readonly ShardStats[] }) {
  return (
    <DataTable
      label="Shards"
      columns={SHARD_COLUMNS}
      rows={shards}
      keyOf={({ shardId }) => String(shardId)}
      sortedBy={{ column: 'shardId', descending: false }}
    />
  )
}

const SHARD_COLUMNS: readonly Column<ShardStats>[] = [
  { accessorKey: 'shardId', header: 'Shard' },
  {
    accessorKey: 'state',
    header: 'State',
    cell: ({ row: { original } }) => (
      <StateDot tone={original.state === 'ready' ? 'good' : 'warn'}>{original.state}</StateDot>
    ),
  },
  {
    accessorKey: 'pointsCount',
    header: 'Points',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatCount(original.pointsCount),
  },
  {
    accessorKey: 'indexedCount',
    header: 'Indexed',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatCount(original.indexedCount),
  },
  { accessorKey: 'appliedIndex', header: 'Applied log index', meta: { align: 'right' } },
]
