/** Recall over time as a curve, each point a search width; drawn by uPlot. */
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { formatMicros, formatShare } from '../../kit/format.ts'
import type { RecallPoint } from './measure-recall.ts'
import classes from './recall-curve.module.css'

export interface RecallCurveProps {
  /** By growing width. */
  readonly points: readonly RecallPoint[]
  /** Place of the one that is told about. */
  readonly chosen: number
}

const HEIGHT = 260

export function RecallCurve({ points, chosen }: RecallCurveProps) {
  const place = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme's colours are read anew
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const colors = colorsOf(element)
    const plot = new UPlot(optionsOf(colors, element.clientWidth), dataOf(points, chosen), element)
    const resized = new ResizeObserver(() =>
      plot.setSize({ width: element.clientWidth, height: HEIGHT }),
    )
    resized.observe(element)
    return () => {
      resized.disconnect()
      plot.destroy()
    }
  }, [points, chosen, scheme])
  return (
    <div
      ref={place}
      className={`panel ${classes['curve']}`}
      role="img"
      aria-label={`Recall by median time: ${points
        .map(
          ({ width, recall, p50Us }) =>
            `width ${width}, ${formatShare(recall)} in ${formatMicros(p50Us)}`,
        )
        .join('; ')}`}
    />
  )
}

/** Along the time, as the axis needs it. */
function dataOf(points: readonly RecallPoint[], chosen: number): UPlot.AlignedData {
  const told = points[chosen]
  const sorted = [...points].sort((a, b) => a.p50Us - b.p50Us)
  return [
    sorted.map(({ p50Us }) => p50Us / 1000),
    sorted.map(({ recall }) => 100 * recall),
    sorted.map((point) => (point === told ? 100 * point.recall : null)),
  ]
}

interface Colors {
  readonly line: string
  readonly text: string
  readonly grid: string
}

function colorsOf(element: Element): Colors {
  const style = getComputedStyle(element)
  const of = (name: string) => style.getPropertyValue(name).trim()
  return { line: of('--console-good'), text: of('--console-quiet'), grid: of('--console-line') }
}

function optionsOf(colors: Colors, width: number): UPlot.Options {
  const axis = {
    stroke: colors.text,
    font: '12px "Inter Variable", sans-serif',
    labelFont: '12px "Inter Variable", sans-serif',
    grid: { stroke: colors.grid, width: 1 },
    ticks: { show: false },
  }
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: { range: (_, min) => [Math.max(0, min - 2), 100.4] } },
    axes: [
      { ...axis, label: 'median time, ms' },
      { ...axis, label: 'recall, %', size: 56 },
    ],
    series: [
      {},
      { stroke: colors.line, width: 2, points: { show: true, size: 6, fill: colors.line } },
      { stroke: colors.line, points: { show: true, size: 14, width: 2 } },
    ],
  }
}
