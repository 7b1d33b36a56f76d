/**
 * The points as a table of which only the rows in sight exist: by wheel, scrollbar and keys through
 * a million of them. What is on its way stands as a line of its row's height, so nothing jumps.
 */
import type { FieldStats } from '@vectron/client'
import {
  type CSSProperties,
  type KeyboardEvent,
  memo,
  useEffect,
  useId,
  useRef,
  useSyncExternalStore,
} from 'react'
import { formatCount } from '../../kit/format.ts'
import { cellText, valueAt } from '../../kit/payload-path.ts'
import { type RowWindow, useRowWindow } from '../../kit/use-row-window.ts'
import type { AnyPoint, PointPages } from './point-pages.ts'
import classes from './point-table.module.css'

export interface PointTableProps {
  readonly pages: PointPages
  readonly count: number
  readonly columns: readonly string[]
  readonly fields: readonly FieldStats[]
  /** The row that keys act on. */
  readonly row: number
  readonly onRow: (row: number) => void
  /** Id of the point that is open. */
  readonly opened: string | undefined
  readonly onOpen: (id: string) => void
}

const ROW_HEIGHT = 34
const HEAD_HEIGHT = 36

export function PointTable(props: PointTableProps) {
  const { pages, columns, fields, row, opened } = props
  const { end } = useSyncExternalStore(pages.subscribe, () => pages.state)
  const count = Math.min(props.count, end ?? Infinity)
  const at = Math.max(0, Math.min(row, count - 1))
  const scroller = useRef<HTMLDivElement>(null)
  const id = useId()
  const window = useRowWindow({ scroller, count, rowHeight: ROW_HEIGHT, headHeight: HEAD_HEIGHT })
  const { first, end: behind, jump } = window
  useEffect(() => pages.want(first, behind - 1), [pages, first, behind])
  const jumpOnce = useRef(() => jump(at))
  useEffect(() => jumpOnce.current(), [])
  const move = (to: number) => {
    const next = Math.max(0, Math.min(to, count - 1))
    props.onRow(next)
    window.reveal(next)
  }
  const onKey = (event: KeyboardEvent) => {
    const target = MOVES[event.key]?.(at, window, count)
    if (target !== undefined) move(target)
    else if (event.key === 'Enter') openRow(at)
    else return
    event.preventDefault()
  }
  const openRow = (index: number) => {
    const point = pages.row(index)
    if (point !== undefined) props.onOpen(point.id)
  }
  const widths = widthsOf(columns, fields)
  const style = {
    gridTemplateColumns: widths.map(([min, share]) => `minmax(${min}px, ${share}fr)`).join(' '),
  }
  const rowsStyle = { '--rows-width': `${widths.reduce((sum, [min]) => sum + min, 0)}px` }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table cannot hold rows that are not there
    <div
      ref={scroller}
      className={`panel ${classes['scroller']}`}
      role="grid"
      aria-label="Points"
      aria-rowcount={count + 1}
      aria-colcount={columns.length + 1}
      aria-activedescendant={at >= first && at < behind ? `${id}-${at}` : undefined}
      tabIndex={0}
      style={rowsStyle as CSSProperties}
      onKeyDown={onKey}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the grid */}
      <div role="row" aria-rowindex={1} className={classes['head']} style={style}>
        {['id', ...columns].map((name) => (
          // biome-ignore lint/a11y/useSemanticElements: as above
          // biome-ignore lint/a11y/useFocusableInteractive: as above
          <span key={name} role="columnheader" className={classes['cell']} title={name}>
            {name}
          </span>
        ))}
      </div>
      <div className={classes['rows']} style={{ height: window.height }} role="presentation">
        <div
          className={classes['shown']}
          style={{ transform: `translateY(${window.top}px)` }}
          role="presentation"
        >
          {Array.from({ length: behind - first }, (_, offset) => {
            const index = first + offset
            const point = pages.row(index)
            return (
              <Row
                key={index}
                id={`${id}-${index}`}
                index={index}
                point={point}
                columns={columns}
                style={style.gridTemplateColumns}
                isCurrent={index === at}
                isOpen={point !== undefined && point.id === opened}
                onPick={() => {
                  props.onRow(index)
                  openRow(index)
                }}
              />
            )
          })}
        </div>
      </div>
    </div>
  )
}

/** Pixels of a column at least, and its share of what is left: texts get more than figures. */
type Width = readonly [min: number, share: number]
const ID_WIDTH: Width = [160, 1]
const FIGURE_WIDTH: Width = [104, 0.6]
const WIDTHS: Readonly<Record<FieldStats['type'], Width>> = {
  bool: FIGURE_WIDTH,
  integer: FIGURE_WIDTH,
  float: FIGURE_WIDTH,
  unspecified: FIGURE_WIDTH,
  datetime: [140, 1],
  keyword: [140, 1],
  stored: [180, 2.4],
}

function widthsOf(columns: readonly string[], fields: readonly FieldStats[]): readonly Width[] {
  const types = new Map(fields.map(({ field, type }) => [field, type]))
  return [ID_WIDTH, ...columns.map((column) => WIDTHS[types.get(column) ?? 'stored'])]
}

/** By key: the row to go to. */
const MOVES: Readonly<Record<string, (at: number, window: RowWindow, count: number) => number>> = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  PageDown: (at, { rowsInSight }) => at + rowsInSight,
  PageUp: (at, { rowsInSight }) => at - rowsInSight,
  Home: () => 0,
  End: (_at, _window, count) => count - 1,
}

interface RowProps {
  readonly id: string
  readonly index: number
  readonly point: AnyPoint | undefined
  readonly columns: readonly string[]
  readonly style: string
  readonly isCurrent: boolean
  readonly isOpen: boolean
  /** Not compared: it always means this row. */
  readonly onPick: () => void
}

const Row = memo(RowOnce, (before, after) =>
  (['id', 'point', 'columns', 'style', 'isCurrent', 'isOpen'] as const).every(
    (name) => before[name] === after[name],
  ),
)

function RowOnce({ id, index, point, columns, style, isCurrent, isOpen, onPick }: RowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the grid
    // biome-ignore lint/a11y/useSemanticElements: a table cannot hold rows that are not there
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the grid
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isOpen}
      aria-busy={point === undefined || undefined}
      data-current={isCurrent || undefined}
      className={classes['row']}
      style={{ gridTemplateColumns: style }}
      onClick={onPick}
    >
      {point === undefined ? (
        <Cell text={`row ${formatCount(index + 1)}`} isWaiting />
      ) : (
        <>
          <Cell text={point.id} isId />
          {columns.map((column) => (
            <Cell key={column} text={cellText(valueAt(point.payload, column))} />
          ))}
        </>
      )}
    </div>
  )
}

interface CellProps {
  readonly text: string
  readonly isId?: boolean
  readonly isWaiting?: boolean
}

function Cell({ text, isId, isWaiting }: CellProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: as its row
    // biome-ignore lint/a11y/useFocusableInteractive: as its row
    <span
      role="gridcell"
      className={classes['cell']}
      data-id={isId || undefined}
      data-waiting={isWaiting || undefined}
      title={isWaiting ? undefined : text}
    >
      {text}
    </span>
  )
}
