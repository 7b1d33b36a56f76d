/** The stages of a search over its time: when each began, and how long it took. */
import type { SearchStage } from '@vectron/client'
import { formatMicros } from './format.ts'
import classes from './stage-waterfall.module.css'

export interface StageWaterfallProps {
  readonly stages: readonly SearchStage[]
  /** Microseconds of the whole. */
  readonly tookUs: number
}

export function StageWaterfall({ stages, tookUs }: StageWaterfallProps) {
  const endUs = Math.max(tookUs, 1, ...stages.map((stage) => stage.startUs + stage.tookUs))
  const percent = (us: number) => `${((100 * us) / endUs).toFixed(2)}%`
  return (
    <section className={`panel ${classes['waterfall']}`} aria-label="Stages">
      <ol>
        {stages.map(({ name, startUs, tookUs: us, detail }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a stage may come twice
          <li key={index} data-inner={name.startsWith('shard') || undefined}>
            <span className={classes['stage']}>{name.replaceAll('_', ' ')}</span>
            <span className={classes['track']} aria-hidden>
              <span
                className={classes['bar']}
                style={{ left: percent(startUs), width: `max(2px, ${percent(us)})` }}
              />
            </span>
            <span className={`figures ${classes['time']}`}>{formatMicros(us)}</span>
            {detail !== '' && <span className={classes['detail']}>{detail}</span>}
          </li>
        ))}
      </ol>
    </section>
  )
}
