/**
 * A table of rows: sorted by its headings, walked with the arrow keys, a row opened by Enter.
 *
 * The link in a row's first cell stays a link, for who opens it in another tab. On narrow windows
 * the table scrolls within itself, its first column stays.
 */
import {
  type ColumnDef,
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  sortFn_alphanumeric,
  sortFn_text,
  tableFeatures,
  useTable,
} from '@tanstack/react-table'
import ArrowDown from 'lucide-react/icons/arrow-down'
import ArrowUp from 'lucide-react/icons/arrow-up'
import { type KeyboardEvent, useState } from 'react'
import classes from './data-table.module.css'

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, text: sortFn_text },
})

/** `meta.align: 'right'` for figures. */
export type Column<Row extends object> = ColumnDef<typeof features, Row> & {
  readonly meta?: { readonly align?: 'left' | 'right' }
}

export interface DataTableProps<Row extends object> {
  /** What the table shows, for who cannot see it. */
  readonly label: string
  /** Made once, outside the component or in a memo. */
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  /** What Enter or a click on a row does. */
  readonly onOpen?: (row: Row) => void
  readonly sortedBy?: { readonly column: string; readonly descending: boolean }
}

export function DataTable<Row extends object>(props: DataTableProps<Row>) {
  const { label, columns, rows, keyOf, onOpen, sortedBy } = props
  const [sorting, setSorting] = useState<SortingState>(
    sortedBy === undefined ? [] : [{ id: sortedBy.column, desc: sortedBy.descending }],
  )
  const table = useTable({
    features,
    columns: columns as ColumnDef<typeof features, Row>[],
    data: rows as Row[],
    getRowId: keyOf,
    state: { sorting },
    onSortingChange: setSorting,
  })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it
    <section className={`panel ${classes['scroll']}`} aria-label={label} tabIndex={0}>
      <table className={classes['table']}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <th
                  key={header.id}
                  scope="col"
                  data-align={alignOf(header.column.columnDef)}
                  aria-sort={SORT_NAMES[String(header.column.getIsSorted())]}
                >
                  {header.column.getCanSort() ? (
                    <button type="button" onClick={header.column.getToggleSortingHandler()}>
                      <table.FlexRender header={header} />
                      <SortMark sorted={header.column.getIsSorted()} />
                    </button>
                  ) : (
                    <table.FlexRender header={header} />
                  )}
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr
              key={row.id}
              tabIndex={onOpen === undefined ? undefined : 0}
              data-opens={onOpen !== undefined || undefined}
              onClick={(event) => {
                if (!isControl(event.target)) onOpen?.(row.original)
              }}
              onKeyDown={(event) => onRowKey(event, () => onOpen?.(row.original))}
            >
              {row.getAllCells().map((cell) => (
                <td key={cell.id} data-align={alignOf(cell.column.columnDef)}>
                  <table.FlexRender cell={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

const SORT_NAMES: Readonly<Record<string, 'ascending' | 'descending' | 'none'>> = {
  asc: 'ascending',
  desc: 'descending',
  false: 'none',
}

function SortMark({ sorted }: { readonly sorted: false | 'asc' | 'desc' }) {
  if (sorted === false) return null
  return sorted === 'asc' ? <ArrowUp size={13} /> : <ArrowDown size={13} />
}

function alignOf(column: { readonly meta?: unknown }): 'left' | 'right' {
  return (column.meta as { readonly align?: 'right' } | undefined)?.align ?? 'left'
}

/** A click on a link or button of a row is for that alone. */
function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a, button, input, select, label') !== null
}

function onRowKey(event: KeyboardEvent<HTMLTableRowElement>, open: () => void): void {
  const row = event.currentTarget
  if (event.target !== row) return
  const next = NEIGHBOURS[event.key]
  if (next !== undefined) moveFocus(event, next(row))
  if (event.key === 'Enter') {
    event.preventDefault()
    open()
  }
}

/** By key: the row that gets the focus. */
const NEIGHBOURS: Readonly<Record<string, (row: Element) => Element | null | undefined>> = {
  ArrowDown: (row) => row.nextElementSibling,
  ArrowUp: (row) => row.previousElementSibling,
  Home: (row) => row.parentElement?.firstElementChild,
  End: (row) => row.parentElement?.lastElementChild,
}

function moveFocus(event: KeyboardEvent, row: Element | null | undefined): void {
  event.preventDefault()
  if (row instanceof HTMLElement) row.focus()
}
