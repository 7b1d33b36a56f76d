/** The course of a figure over the last moments, as a small line without axes. */
import classes from './sparkline.module.css'

export interface SparklineProps {
  /** Oldest first. */
  readonly values: readonly number[]
  /** Room for so many values; fewer stand at the right. */
  readonly capacity: number
}

const WIDTH = 240
const HEIGHT = 36
/** So that the line is not cut off at the edges. */
const MARGIN = 2

export function Sparkline({ values, capacity }: SparklineProps) {
  const most = Math.max(1e-9, ...values)
  const x = (index: number) => ((capacity - values.length + index) / (capacity - 1)) * WIDTH
  const y = (value: number) => HEIGHT - MARGIN - (value / most) * (HEIGHT - 2 * MARGIN)
  const points = values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`)
  const first = x(0).toFixed(1)
  return (
    <svg
      className={classes['line']}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {points.length > 1 && (
        <>
          <polygon points={`${first},${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}`} />
          <polyline points={points.join(' ')} />
        </>
      )}
    </svg>
  )
}
