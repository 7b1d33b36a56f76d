/** The points of a collection: a table over all of them, a filter, and one point at a side. */
import { Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { CollectionInfo, FieldStats, Filter } from '@vectron/client'
import { useEffect, useMemo, useState } from 'react'
import { collectionQuery, collectionStatsQuery } from '../../api/collections.ts'
import { countQuery, fetchPointPage } from '../../api/points.ts'
import { EmptyState } from '../../kit/empty-state.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { formatPlural } from '../../kit/format.ts'
import { Rows } from '../../kit/page-waiting.tsx'
import { useMay } from '../../session/may.ts'
import { useProject } from '../../session/project.ts'
import { CollectionFrame } from '../collections/collection-frame.tsx'
import { ColumnChooser } from './column-chooser.tsx'
import { DeleteMatching } from './delete-matching.tsx'
import { FilterPanel } from './filter-panel.tsx'
import { PointPages } from './point-pages.ts'
import { PointPanel } from './point-panel.tsx'
import { PointTable } from './point-table.tsx'
import classes from './points-page.module.css'
import { type PointsSearch, pointsRoute } from './routes.ts'
import { WalkNote } from './walk-note.tsx'

export function PointsPage() {
  const { name } = pointsRoute.useParams()
  const projectId = useProject()?.projectId ?? ''
  const info = useQuery(collectionQuery(projectId, name))
  const stats = useQuery(collectionStatsQuery(projectId, name))
  return (
    <CollectionFrame name={name} width="full">
      {(info.isPending || stats.isPending) && <Rows />}
      {info.isError && <ErrorState error={info.error} onRetry={info.refetch} />}
      {info.isSuccess && !stats.isPending && (
        <Points key={`${projectId} ${name}`} info={info.data} fields={stats.data?.fields ?? []} />
      )}
    </CollectionFrame>
  )
}

interface PointsProps {
  readonly info: CollectionInfo
  readonly fields: readonly FieldStats[]
}

/** Columns that are shown unless others were chosen. */
const COLUMNS_DEFAULT = 4

function Points({ info, fields }: PointsProps) {
  const projectId = useProject()?.projectId ?? ''
  const { filter, columns, point } = pointsRoute.useSearch()
  const change = useChangeSearch()
  const may = useMay()
  const { name } = info
  const key = { projectId, name }
  const count = useQuery(countQuery(key, filter))
  const pages = usePointPages(projectId, name, filter)
  const [row, setRow] = useRow()
  const usual = useMemo(() => usualColumns(fields), [fields])
  const shown = columns ?? usual
  const open = (id: string) => change({ point: id })
  return (
    <>
      <FilterPanel
        collection={key}
        fields={fields}
        filter={filter}
        onApply={(next) => change({ filter: next, row: undefined, point: undefined })}
      />
      <Group justify="space-between" my="xs" mih={34} gap="xs">
        <Group gap="sm">
          <Text size="sm" className="figures" role="status" aria-busy={count.isPending}>
            {count.data !== undefined && countWords(count.data, info, filter)}
          </Text>
          <WalkNote pages={pages} />
        </Group>
        <Group gap="xs">
          {filter !== undefined && may('write') && (count.data ?? 0) > 0 && (
            <DeleteMatching collection={key} filter={filter} count={count.data ?? 0} />
          )}
          <ColumnChooser
            fields={fields}
            chosen={shown}
            onChange={(next) => change({ columns: next.length > 0 ? next : undefined })}
          />
        </Group>
      </Group>
      {count.isError && <ErrorState error={count.error} onRetry={count.refetch} />}
      {count.data === 0 && (
        <NoPoints filter={filter} onClear={() => change({ filter: undefined })} />
      )}
      <div className={classes['split']} data-open={point !== undefined || undefined}>
        {count.data !== undefined && count.data > 0 && (
          <PointTable
            key={JSON.stringify(filter ?? null)}
            pages={pages}
            count={count.data}
            columns={shown}
            fields={fields}
            row={row}
            onRow={setRow}
            opened={point}
            onOpen={open}
          />
        )}
        {point !== undefined && (
          <PointPanel
            key={point}
            collection={key}
            info={info}
            id={point}
            filter={filter}
            onClose={() => change({ point: undefined })}
            onOpen={open}
            onSaved={() => pages.refresh()}
            onDeleted={() => {
              pages.removed(point)
              change({ point: undefined })
            }}
          />
        )}
      </div>
    </>
  )
}

function useChangeSearch(): (
  part: { [Name in keyof PointsSearch]: PointsSearch[Name] | undefined },
) => void {
  const navigate = useNavigate()
  return (part) =>
    navigate({
      to: '.',
      search: (before: object) => ({ ...before, ...part }) as never,
      replace: !('filter' in part),
      resetScroll: false,
    })
}

/** Milliseconds without a key until the address follows. */
const ADDRESS_AFTER_MS = 400

/** The row that keys act on: at once here, a little later in the address. */
function useRow(): [number, (row: number) => void] {
  const { row: given = 0, filter } = pointsRoute.useSearch()
  const change = useChangeSearch()
  const [row, setRow] = useState(given)
  const asked = JSON.stringify(filter ?? null)
  const [askedBefore, setAskedBefore] = useState(asked)
  if (asked !== askedBefore) {
    setAskedBefore(asked)
    setRow(given)
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address follows the row alone
  useEffect(() => {
    if (row === given) return
    const timer = setTimeout(() => change({ row: row === 0 ? undefined : row }), ADDRESS_AFTER_MS)
    return () => clearTimeout(timer)
  }, [row])
  return [row, setRow]
}

function usePointPages(projectId: string, name: string, filter: Filter | undefined): PointPages {
  const asked = JSON.stringify(filter ?? null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the filter counts by what it says
  const pages = useMemo(
    () => new PointPages((page) => fetchPointPage({ projectId, name, filter, ...page })),
    [projectId, name, asked],
  )
  useEffect(() => () => pages.close(), [pages])
  return pages
}

/** Those that most points have, in the order of their names. */
function usualColumns(fields: readonly FieldStats[]): string[] {
  const points = new Map<string, number>()
  for (const { field, pointsCount } of fields) {
    points.set(field, (points.get(field) ?? 0) + pointsCount)
  }
  return [...points]
    .sort(([a, most], [b, least]) => least - most || (a < b ? -1 : 1))
    .slice(0, COLUMNS_DEFAULT)
    .map(([field]) => field)
    .sort()
}

function countWords(count: number, info: CollectionInfo, filter: Filter | undefined): string {
  if (filter === undefined) return formatPlural(count, 'point')
  return `${formatPlural(count, 'point')} of ${formatPlural(info.pointsCount, 'point')} match`
}

interface NoPointsProps {
  readonly filter: Filter | undefined
  readonly onClear: () => void
}

function NoPoints({ filter, onClear }: NoPointsProps) {
  if (filter === undefined) {
    return (
      <EmptyState
        title="No points yet"
        text="Write some by the SDK or the command line, or import a file; they show up here at once."
      />
    )
  }
  return (
    <EmptyState
      title="No point matches"
      text="Nothing in this collection has all that the filter asks for."
      action={
        <Button variant="default" onClick={onClear}>
          Clear the filter
        </Button>
      }
    />
  )
}
