/** A count by day as bars, with its total; each day's count in a tooltip and for screen readers. */
import { Text, Tooltip } from '@mantine/core'
import type { DayUsage } from '@vectron/client'
import { formatCount } from '../../kit/format.ts'
import classes from './usage.module.css'

export interface DayBarsProps {
  readonly label: string
  /** Oldest first. */
  readonly days: readonly DayUsage[]
  readonly countOf: (day: DayUsage) => number
}

export function DayBars({ label, days, countOf }: DayBarsProps) {
  const values = days.map(countOf)
  const most = Math.max(1, ...values)
  const total = values.reduce((sum, value) => sum + value, 0)
  const peak = days[values.indexOf(most)]
  const words = `${label}: ${formatCount(total)} in ${days.length} days`
  return (
    <figure className={classes['chart']}>
      <figcaption>
        <Text size="xs" className="quiet">
          {label}
        </Text>
        <Text className="figures" fw={600}>
          {formatCount(total)}
        </Text>
      </figcaption>
      <div
        className={classes['bars']}
        role="img"
        aria-label={peak === undefined ? words : `${words}, most on ${peak.day}`}
      >
        {days.map((day) => (
          <Tooltip key={day.day} label={`${day.day}: ${formatCount(countOf(day))}`}>
            <span
              className={classes['bar']}
              data-empty={countOf(day) === 0}
              style={{ height: `${Math.max(2, (100 * countOf(day)) / most)}%` }}
            />
          </Tooltip>
        ))}
      </div>
    </figure>
  )
}
