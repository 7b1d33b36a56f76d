/**
 * Lines over time on a canvas (uPlot), with a cross-hair that all charts of one group share. What
 * is dragged over becomes the shown span. Loaded lazily: the library is for charts alone.
 */
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import classes from './time-chart.module.css'

export interface TimeChartProps {
  /** What it shows, for who cannot see it. */
  readonly label: string
  /** Names of the lines, in the order of the columns. */
  readonly lines: readonly string[]
  /** Times in seconds since the epoch, then the values of each line; null is a hole. */
  readonly columns: [number[], ...(number | null)[][]]
  /** Seconds since the epoch. */
  readonly span: { readonly from: number; readonly to: number }
  /** Charts with the same share their cross-hair. */
  readonly group: string
  readonly format: (value: number) => string
  /** The largest value that the axis has at least. Default: that of the lines. */
  readonly top?: number
  /** What may lie between two marks of the axis. Default: 1, 2, 2.5 and 5 of any power of ten. */
  readonly steps?: readonly number[]
  readonly onSpan: (span: { readonly from: number; readonly to: number }) => void
}

const HEIGHT = 168

export function TimeChart(props: TimeChartProps) {
  const { label, lines, columns, span } = props
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot>(undefined)
  const latest = useRef(props)
  latest.current = props
  const scheme = useComputedColorScheme()
  const names = lines.join('\n')
  // biome-ignore lint/correctness/useExhaustiveDependencies: names and colours make another chart
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const plot = new uPlot(optionsOf(element, latest), latest.current.columns, element)
    chart.current = plot
    const sized = new ResizeObserver(() =>
      plot.setSize({ width: element.clientWidth, height: HEIGHT }),
    )
    sized.observe(element)
    return () => {
      sized.disconnect()
      plot.destroy()
    }
  }, [names, scheme])
  useEffect(() => {
    chart.current?.batch(() => {
      chart.current?.setData(columns, false)
      if (chart.current !== undefined) tellNewest(chart.current)
      chart.current?.setScale('x', { min: span.from, max: span.to })
    })
  }, [columns, span])
  return <div ref={box} className={classes['chart']} role="img" aria-label={label} />
}

/** The newest properties, for callbacks that outlive a render. */
interface Latest {
  readonly current: TimeChartProps
}

function optionsOf(element: HTMLElement, latest: Latest): uPlot.Options {
  const colour = (name: string) => getComputedStyle(element).getPropertyValue(name).trim()
  const { lines, group, span, steps } = latest.current
  const show = (value: number | null) => (value === null ? '–' : latest.current.format(value))
  const axis = {
    stroke: colour('--console-quiet'),
    font: '11px "Inter Variable", system-ui, sans-serif',
    grid: { stroke: colour('--console-line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [10, 4, 0, 0],
    cursor: {
      sync: { key: group },
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
    },
    legend: { live: true },
    scales: {
      x: { time: true, min: span.from, max: span.to },
      y: { range: (_, __, max) => [0, axisTop(max, latest.current.top)] },
    },
    axes: [
      { ...axis, space: 70, size: 28, values: '{HH}:{mm}:{ss}' },
      {
        ...axis,
        space: 32,
        size: 62,
        values: (_, ticks) => ticks.map((tick) => (tick === 0 ? '0' : show(tick))),
        ...(steps && { incrs: [...steps] }),
      },
    ],
    series: [
      { value: '{HH}:{mm}:{ss}' },
      ...lines.map((name, index) => ({
        label: name,
        stroke: colour(LINE_COLOURS[index % LINE_COLOURS.length] as string),
        width: 1.5,
        points: { show: false },
        value: (_: uPlot, value: number | null) => show(value),
      })),
    ],
    hooks: {
      setCursor: [tellNewest],
      setSelect: [(plot) => takeSelection(plot, latest.current.onSpan)],
    },
  }
}

/** The legend has the values under the cross-hair; without one, the newest. */
function tellNewest(plot: uPlot): void {
  if (plot.cursor.idx !== null && plot.cursor.idx !== undefined) return
  const newest = plot.data[0].length - 1
  plot.setLegend({ idx: newest, idxs: plot.data.map(() => newest) }, false)
}

const LINE_COLOURS = [1, 2, 3, 4, 5, 6, 7, 8].map((place) => `--console-chart-${place}`)

/** Some room above the highest value; an axis without any has one all the same. */
function axisTop(max: number | null, top = 0): number {
  const highest = max ?? 0
  return highest > top ? 1.1 * highest : top || 1
}

/** Pixels below which a drag was a click. */
const DRAG_MIN = 6

function takeSelection(plot: uPlot, onSpan: TimeChartProps['onSpan']): void {
  const { left, width } = plot.select
  if (width < DRAG_MIN) return
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  onSpan({ from: plot.posToVal(left, 'x'), to: plot.posToVal(left + width, 'x') })
}
