/** The selected points as a table, and what to do with them: the map for who cannot see it. */
import { Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CodeBlock } from '../../kit/code-block.tsx'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { formatCount, formatPlural } from '../../kit/format.ts'
import { ButtonLink, TextLink } from '../../kit/links.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { Rows } from '../../kit/page-waiting.tsx'
import type { MapSession } from './map-session.ts'

export interface SelectionPanelProps {
  readonly collection: string
  readonly ids: readonly string[]
  readonly points: readonly number[]
  readonly session: MapSession
  readonly onClear: () => void
}

/** Rows of the table; who wants more takes the filter. */
const LISTED_MAX = 200
/** Ids that an address can hold. */
const LINKED_MAX = 100
const FIELDS_MAX = 4

interface Row {
  readonly id: string
  readonly payload: Readonly<Record<string, unknown>>
}

export function SelectionPanel(props: SelectionPanelProps) {
  const { collection, ids, points, session, onClear } = props
  const listed = points.slice(0, LISTED_MAX)
  const rows = useQuery({
    queryKey: ['map', collection, ids.length, listed],
    queryFn: () =>
      Promise.all(
        listed.map(
          async (point): Promise<Row> => ({
            id: ids[point] ?? '',
            payload: await session.call({ kind: 'payload', point }),
          }),
        ),
      ),
  })
  const chosen = points.map((point) => ids[point] ?? '')
  const filter = { must: [{ hasId: chosen }] }
  return (
    <PageSection
      title={formatPlural(points.length, 'point selected', 'points selected')}
      about={points.length > LISTED_MAX && `The first ${LISTED_MAX} are listed.`}
      actions={
        <Group gap="xs">
          {points.length <= LINKED_MAX && (
            <>
              <ButtonLink
                variant="default"
                size="xs"
                to="/collections/$name/points"
                params={{ name: collection }}
                search={{ filter }}
              >
                Open in the table
              </ButtonLink>
              <ButtonLink
                variant="default"
                size="xs"
                to="/search"
                search={{ collection, by: 'filter', a: { filter, topK: points.length } }}
              >
                Open in the search lab
              </ButtonLink>
            </>
          )}
          <Button variant="default" size="xs" onClick={onClear}>
            Clear
          </Button>
        </Group>
      }
    >
      <Stack gap="md">
        {rows.data === undefined ? (
          <Rows />
        ) : (
          <DataTable
            label="Selected points"
            columns={columnsFor(rows.data, collection)}
            rows={rows.data}
            keyOf={({ id }) => id}
          />
        )}
        <div>
          <Text size="sm" className="quiet" mb={6}>
            As a filter of {formatCount(points.length)} ids, for searches, exports and deletions:
          </Text>
          <CodeBlock label="the filter" code={JSON.stringify(filter)} />
        </div>
      </Stack>
    </PageSection>
  )
}

function columnsFor(rows: readonly Row[], collection: string): readonly Column<Row>[] {
  const fields = [...new Set(rows.flatMap(({ payload }) => Object.keys(payload)))]
  return [
    {
      accessorKey: 'id',
      header: 'Id',
      cell: ({ row: { original } }) => (
        <TextLink to="/search" search={{ collection, by: 'id', q: original.id }}>
          {original.id}
        </TextLink>
      ),
    },
    ...fields.slice(0, FIELDS_MAX).map(
      (field): Column<Row> => ({
        id: `field ${field}`,
        header: field,
        accessorFn: ({ payload }) => cellText(payload[field]),
      }),
    ),
  ]
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
