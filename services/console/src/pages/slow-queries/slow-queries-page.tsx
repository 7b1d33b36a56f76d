/** Searches and reads that took long: which, how long, and where the time went. */
import { Group, NumberInput, SegmentedControl, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { SlowQueries, SlowQuery } from '@vectron/client'
import Hourglass from 'lucide-react/icons/hourglass'
import { useMemo } from 'react'
import { slowQueriesQuery } from '../../api/cluster.ts'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { formatAgo, formatMicros, formatPlural } from '../../kit/format.ts'
import { PageFrame } from '../../kit/page-frame.tsx'
import { QueryState } from '../../kit/query-state.tsx'
import { StateDot } from '../../kit/state-dot.tsx'
import { useProject } from '../../session/project.ts'
import { slowQueriesRoute } from './routes.ts'
import { SlowDrawer } from './slow-drawer.tsx'
import { namesOf, type SlowFilter, shownQueries, slowestStage } from './slow-rows.ts'

export function SlowQueriesPage() {
  const projectId = useProject()?.projectId ?? ''
  const slow = useQuery(slowQueriesQuery(projectId, 'often'))
  return (
    <PageFrame title="Slow queries" about={slow.data && aboutOf(slow.data)}>
      <QueryState query={slow} />
      {slow.data?.queries.length === 0 && <NoQueries thresholdMs={slow.data.thresholdMs} />}
      {slow.data !== undefined && slow.data.queries.length > 0 && (
        <QueryList queries={slow.data.queries} />
      )}
    </PageFrame>
  )
}

function aboutOf({ gateway, thresholdMs, queries }: SlowQueries): string {
  const from = thresholdMs === 0 ? 'every query' : `what took ${thresholdMs} ms or longer`
  return `${formatPlural(queries.length, 'query', 'queries')} that the gateway "${gateway}" remembers: ${from}.`
}

function NoQueries({ thresholdMs }: { readonly thresholdMs: number }) {
  return (
    <EmptyState
      icon={Hourglass}
      title="Nothing was slow"
      text={
        `No search or read took ${thresholdMs} ms or longer since this gateway began. To see ` +
        'quicker ones, set slowQueries.thresholdMs lower; 0 keeps every query.'
      }
    />
  )
}

function QueryList({ queries }: { readonly queries: readonly SlowQuery[] }) {
  const filter = slowQueriesRoute.useSearch()
  const navigate = useNavigate({ from: slowQueriesRoute.fullPath })
  const open = (request: string | undefined) =>
    navigate({ search: (before) => ({ ...before, request }) as never, replace: true })
  const shown = useMemo(() => shownQueries(queries, filter), [queries, filter])
  return (
    <>
      <Filters queries={queries} filter={filter} />
      {shown.length === 0 ? (
        <EmptyState title="None is like that" text="Widen the filters above to see the others." />
      ) : (
        <DataTable
          label="Slow queries"
          columns={COLUMNS}
          rows={shown}
          keyOf={({ requestId, time }) => `${requestId} ${time}`}
          onOpen={({ requestId }) => open(requestId)}
          sortedBy={{ column: 'tookUs', descending: true }}
        />
      )}
      <SlowDrawer
        query={queries.find(({ requestId }) => requestId === filter.request)}
        isOpen={filter.request !== undefined}
        onClose={() => open(undefined)}
      />
    </>
  )
}

interface FiltersProps {
  readonly queries: readonly SlowQuery[]
  readonly filter: SlowFilter
}

function Filters({ queries, filter }: FiltersProps) {
  const navigate = useNavigate({ from: slowQueriesRoute.fullPath })
  const change = (
    changed: { readonly [name in keyof SlowFilter]?: SlowFilter[name] | undefined },
  ) => navigate({ search: (before) => ({ ...before, ...changed }) as never, replace: true })
  return (
    <Group gap="xs" mb="sm" align="flex-end">
      <Select
        aria-label="Collection"
        placeholder="Every collection"
        data={namesOf(queries, 'collection')}
        value={filter.collection ?? null}
        onChange={(collection) => change({ collection: collection ?? undefined })}
        clearable
        searchable
      />
      <Select
        aria-label="Method"
        placeholder="Every method"
        data={namesOf(queries, 'method')}
        value={filter.method ?? null}
        onChange={(method) => change({ method: method ?? undefined })}
        clearable
      />
      <SegmentedControl
        aria-label="Outcome"
        size="sm"
        data={[
          { value: 'any', label: 'All' },
          { value: 'ok', label: 'Answered' },
          { value: 'failed', label: 'Failed' },
        ]}
        value={filter.outcome ?? 'any'}
        onChange={(outcome) =>
          change({ outcome: outcome === 'any' ? undefined : (outcome as 'ok' | 'failed') })
        }
      />
      <NumberInput
        aria-label="Milliseconds at least"
        placeholder="At least"
        suffix=" ms"
        min={0}
        step={100}
        w={120}
        value={filter.least ?? ''}
        onChange={(least) => change({ least: typeof least === 'number' ? least : undefined })}
      />
    </Group>
  )
}

const COLUMNS: readonly Column<SlowQuery>[] = [
  {
    accessorKey: 'time',
    header: 'When',
    cell: ({ row: { original } }) => <span title={original.time}>{formatAgo(original.time)}</span>,
  },
  { accessorKey: 'collection', header: 'Collection' },
  { accessorKey: 'method', header: 'Method' },
  {
    accessorKey: 'tookUs',
    header: 'Took',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatMicros(original.tookUs),
  },
  {
    id: 'slowest',
    header: 'Longest stage',
    accessorFn: (query) => slowestStage(query) ?? '',
    cell: ({ row: { original } }) => slowestStage(original) ?? '–',
  },
  {
    accessorKey: 'target',
    header: 'By',
    cell: ({ row: { original } }) => original.target || '–',
  },
  { accessorKey: 'topK', header: 'Top k', meta: { align: 'right' } },
  {
    accessorKey: 'outcome',
    header: 'Outcome',
    cell: ({ row: { original } }) => (
      <StateDot tone={original.outcome === 'OK' ? 'good' : 'bad'}>{original.outcome}</StateDot>
    ),
  },
]
