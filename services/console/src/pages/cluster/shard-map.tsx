/**
 * Workers x shards: a row for each shard, a column for each worker, a mark for each replica.
 *
 * Only rows in sight are in the document, so a thousand shards cost what twenty do; a real table
 * all the same, whose rows say their place among all. Arrow keys walk the rows, Enter opens one.
 */
import { useVirtualizer } from '@tanstack/react-virtual'
import type { ShardInfo, WorkerInfo } from '@vectron/client'
import { type KeyboardEvent, memo, useRef } from 'react'
import { formatBytes, formatCount, formatShortCount } from '../../kit/format.ts'
import classes from './shard-map.module.css'
import { lagOf, markOf, sizeOf } from './shard-rows.ts'

/** Pixels; as in the styles. */
const ROW_HEIGHT = 38
/** Pixels; higher maps scroll by themselves. */
const HEIGHT_MAX = 520
const OVERSCAN = 8
/** With more workers there is room for one letter only. */
const WORKERS_WITH_WORDS = 6

export interface ShardMapProps {
  readonly shards: readonly ShardInfo[]
  readonly workers: readonly WorkerInfo[]
  readonly onOpen: (shard: ShardInfo) => void
}

export function ShardMap({ shards, workers, onOpen }: ShardMapProps) {
  const scroller = useRef<HTMLElement>(null)
  const rows = useVirtualizer({
    count: shards.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    // Before it is measured, and in documents without a layout.
    initialRect: { width: 0, height: HEIGHT_MAX },
  })
  const items = rows.getVirtualItems()
  const before = items[0]?.start ?? 0
  const after = rows.getTotalSize() - (items.at(-1)?.end ?? 0)
  const width = workers.length > WORKERS_WITH_WORDS ? 'letters' : 'words'
  const walk = (event: KeyboardEvent<HTMLElement>) => {
    const index = Number((event.target as HTMLElement).dataset['index'])
    const next = STEPS[event.key]?.(index, shards.length)
    if (!Number.isInteger(index) || next === undefined) return
    event.preventDefault()
    rows.scrollToIndex(next)
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus(),
    )
  }
  return (
    <>
      <section
        ref={scroller}
        className={`panel ${classes['scroll']}`}
        aria-label="Shard map"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it
        tabIndex={0}
        onKeyDown={walk}
      >
        <table
          className={classes['table']}
          data-width={width}
          aria-label="Shards by worker"
          aria-rowcount={shards.length + 1}
        >
          <Head workers={workers} width={width} />
          <tbody>
            <Gap height={before} />
            {items.map(({ index }) => (
              <ShardRow
                key={shards[index]?.shardId}
                shard={shards[index] as ShardInfo}
                index={index}
                workers={workers}
                width={width}
                onOpen={onOpen}
              />
            ))}
            <Gap height={after} />
          </tbody>
        </table>
      </section>
      <Legend />
    </>
  )
}

/** By key: the row that gets the focus. */
const STEPS: Readonly<Record<string, (index: number, count: number) => number>> = {
  ArrowDown: (index, count) => Math.min(count - 1, index + 1),
  ArrowUp: (index) => Math.max(0, index - 1),
  PageDown: (index, count) => Math.min(count - 1, index + 10),
  PageUp: (index) => Math.max(0, index - 10),
  Home: () => 0,
  End: (_, count) => count - 1,
}

type MarkWidth = 'letters' | 'words'

function Head({
  workers,
  width,
}: {
  readonly workers: ShardMapProps['workers']
  readonly width: MarkWidth
}) {
  return (
    <thead>
      <tr>
        <th scope="col">Shard</th>
        {workers.map(({ workerId, zone, state }) => (
          <th
            key={workerId}
            scope="col"
            className={classes['worker']}
            data-state={state}
            title={[`worker ${workerId}`, zone, state].filter(Boolean).join(', ')}
          >
            {width === 'words' ? `worker ${workerId}` : String(workerId)}
          </th>
        ))}
        <th scope="col" data-align="right">
          Points
        </th>
        <th scope="col" data-align="right">
          Size
        </th>
        <th scope="col" data-align="right">
          Lag
        </th>
        <th scope="col" data-align="right">
          Epoch
        </th>
      </tr>
    </thead>
  )
}

function Gap({ height }: { readonly height: number }) {
  if (height <= 0) return null
  return (
    <tr aria-hidden>
      <td className={classes['gap']} style={{ height }} />
    </tr>
  )
}

interface ShardRowProps {
  readonly shard: ShardInfo
  readonly index: number
  readonly workers: readonly WorkerInfo[]
  readonly width: MarkWidth
  readonly onOpen: (shard: ShardInfo) => void
}

const ShardRow = memo(function ShardRow({ shard, index, workers, width, onOpen }: ShardRowProps) {
  const { shardId, collection, problems, membershipVersion, rangeVersion } = shard
  const { points, bytes } = sizeOf(shard)
  const lag = lagOf(shard)
  return (
    <tr
      tabIndex={0}
      data-index={index}
      aria-rowindex={index + 2}
      data-troubled={problems.length > 0 || undefined}
      onClick={() => onOpen(shard)}
      onKeyDown={({ key }) => key === 'Enter' && onOpen(shard)}
    >
      <th scope="row" title={[`${collection} / ${shardId}`, ...problems].join('\n')}>
        <span className={classes['collection']}>{collection}</span>
        <span className={`quiet figures ${classes['id']}`}>{shardId}</span>
      </th>
      {workers.map(({ workerId }) => (
        <td key={workerId} className={classes['cell']}>
          <Mark shard={shard} workerId={workerId} width={width} />
        </td>
      ))}
      <td data-align="right">{formatShortCount(points)}</td>
      <td data-align="right">{formatBytes(bytes)}</td>
      <td data-align="right">{lag === 0 ? '–' : formatCount(lag)}</td>
      <td data-align="right" title="membership version, range version">
        {`${membershipVersion}.${rangeVersion}`}
      </td>
    </tr>
  )
})

interface MarkProps {
  readonly shard: ShardInfo
  readonly workerId: WorkerInfo['workerId']
  readonly width: MarkWidth
}

function Mark({ shard, workerId, width }: MarkProps) {
  const mark = markOf(shard, workerId)
  if (mark === undefined) return null
  return (
    <span
      className={classes['mark']}
      data-role={mark.role}
      data-tone={mark.tone}
      title={mark.title}
    >
      <span aria-hidden>{width === 'words' ? mark.word : mark.letter}</span>
      <span className={classes['unseen']}>{mark.title}</span>
    </span>
  )
}

function Legend() {
  return (
    <ul className={classes['legend']} aria-hidden>
      {LEGEND.map(({ role, tone, letter, text }) => (
        <li key={text}>
          <span className={classes['mark']} data-role={role} data-tone={tone}>
            {letter}
          </span>
          {text}
        </li>
      ))}
    </ul>
  )
}

const LEGEND = [
  { role: 'leader', tone: 'good', letter: 'L', text: 'leader' },
  { role: 'voter', tone: 'good', letter: 'V', text: 'voter' },
  { role: 'learner', tone: 'warn', letter: '+', text: 'learner, joins' },
  { role: 'search-only', tone: 'good', letter: 'S', text: 'search-only' },
  { role: 'voter', tone: 'warn', letter: 'V', text: 'behind, silent or leaving' },
  { role: 'voter', tone: 'bad', letter: 'V', text: 'dead or failed' },
] as const
