/** What the colours mean; a value of it selects its points. */
import { UnstyledButton } from '@mantine/core'
import { formatShortCount } from '../../kit/format.ts'
import type { Coloring } from './coloring.ts'
import classes from './map-legend.module.css'

export interface MapLegendProps {
  readonly coloring: Coloring
  readonly onSelect: (points: readonly number[]) => void
}

export function MapLegend({ coloring, onSelect }: MapLegendProps) {
  const { kind, legend, colors, codes } = coloring
  if (legend.length === 0) return null
  if (kind === 'ramp') {
    const ramp = colors.slice(0, -1)
    return (
      <div className={classes['ramp']}>
        <span className="figures">{legend[0]?.label}</span>
        <svg viewBox={`0 0 ${ramp.length} 1`} preserveAspectRatio="none" aria-hidden="true">
          {ramp.map((color, at) => (
            <rect key={color} x={at} width="1.05" height="1" fill={color} />
          ))}
        </svg>
        <span className="figures">{legend[1]?.label}</span>
      </div>
    )
  }
  return (
    <ul className={classes['legend']} aria-label="Colours">
      {legend.map(({ label, color, count }) => (
        <li key={label}>
          <UnstyledButton
            className={classes['entry']}
            title="Select these points"
            onClick={() => onSelect(pointsOf(codes, colors.indexOf(color)))}
          >
            <svg viewBox="0 0 10 10" aria-hidden="true">
              <circle cx="5" cy="5" r="5" fill={color} />
            </svg>
            <span className={classes['name']}>{label}</span>{' '}
            <span className="quiet figures">{formatShortCount(count)}</span>
          </UnstyledButton>
        </li>
      ))}
    </ul>
  )
}

function pointsOf(codes: Uint8Array, code: number): number[] {
  const points: number[] = []
  for (let point = 0; point < codes.length; point += 1)
    if (codes[point] === code) points.push(point)
  return points
}
