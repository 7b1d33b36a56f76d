/** The points nearest to one, by a search of the collection itself. */
import { Checkbox, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Filter, Metric, ScoredPoint } from '@vectron/client'
import { useState } from 'react'
import { type CollectionKey, similarQuery } from '../../api/points.ts'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { formatMicros } from '../../kit/format.ts'
import { cellText } from '../../kit/payload-path.ts'
import { QueryState } from '../../kit/query-state.tsx'

export interface SimilarPointsProps {
  readonly collection: CollectionKey
  readonly metric: Metric
  readonly id: string
  readonly filter: Filter | undefined
  readonly onOpen: (id: string) => void
}

export function SimilarPoints({ collection, metric, id, filter, onOpen }: SimilarPointsProps) {
  const [isFiltered, setFiltered] = useState(false)
  const found = useQuery(similarQuery(collection, id, isFiltered ? filter : undefined))
  return (
    <Stack gap="sm">
      {filter !== undefined && (
        <Checkbox
          size="xs"
          label="Only among the points that match the filter"
          checked={isFiltered}
          onChange={(event) => setFiltered(event.currentTarget.checked)}
        />
      )}
      <QueryState query={found} />
      {found.data?.results.length === 0 && (
        <EmptyState title="None is near" text="There is no other point to compare with." />
      )}
      {found.data !== undefined && found.data.results.length > 0 && (
        <>
          <DataTable
            label="Similar points"
            columns={COLUMNS}
            rows={found.data.results}
            keyOf={(point) => point.id}
            onOpen={(point) => onOpen(point.id)}
          />
          <Text size="xs" className="quiet">
            {METRIC_WORDS[metric]}; {found.data.exact ? 'exact' : 'by the graph'}, in{' '}
            {formatMicros(found.data.tookUs)}.
          </Text>
        </>
      )}
    </Stack>
  )
}

const METRIC_WORDS: Readonly<Record<Metric, string>> = {
  cosine: 'Cosine, higher is nearer',
  dot: 'Dot product, higher is nearer',
  l2: 'Distance, lower is nearer',
}

const COLUMNS: readonly Column<ScoredPoint<Record<string, unknown>>>[] = [
  { accessorKey: 'id', header: 'id' },
  {
    accessorKey: 'score',
    header: 'Score',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => original.score.toFixed(4),
  },
  {
    id: 'payload',
    header: 'Payload',
    enableSorting: false,
    cell: ({ row: { original } }) => cellText(original.payload),
  },
]
