/** What the gateway answers right now: rates with their course over the last minute, and times. */
import { Text } from '@mantine/core'
import type { ClusterView, RequestLoad } from '@vectron/client'
import { useEffect, useState } from 'react'
import { formatMicros, formatRate } from '../../kit/format.ts'
import type { Live } from '../../kit/live-stream.ts'
import { Sparkline } from '../../kit/sparkline.tsx'
import classes from './live-rates.module.css'

/** Views that the lines reach back: a minute. */
const KEPT = 60
const KINDS = [
  { kind: 'search', label: 'Searches' },
  { kind: 'read', label: 'Reads' },
  { kind: 'write', label: 'Writes' },
] as const

export function LiveRates({ live }: { readonly live: Live<ClusterView> }) {
  const loads = useLastLoads(live.value)
  return (
    <div
      className={`panel ${classes['rates']}`}
      data-old={live.state === 'lost' || live.state === 'silent' || undefined}
    >
      {KINDS.map(({ kind, label }) => (
        <Rate
          key={kind}
          label={label}
          values={loads.map((load) => load.get(kind)?.perSecond ?? 0)}
          now={loads.at(-1)?.get(kind)}
        />
      ))}
    </div>
  )
}

interface RateProps {
  readonly label: string
  readonly values: readonly number[]
  readonly now: RequestLoad | undefined
}

function Rate({ label, values, now }: RateProps) {
  return (
    <div className={classes['rate']}>
      <div className={classes['head']}>
        <Text size="xs" className="quiet">
          {label}
        </Text>
        <span className={`figures ${classes['value']}`}>{formatRate(now?.perSecond ?? 0)}</span>
      </div>
      <Sparkline values={values} capacity={KEPT} />
      <dl className={`figures ${classes['times']}`}>
        <Time name="p50" us={now?.p50Us} />
        <Time name="p99" us={now?.p99Us} />
        {now !== undefined && now.failedPerSecond > 0 && (
          <div className={classes['failed']}>
            <dt>failed</dt>
            <dd>{formatRate(now.failedPerSecond)}</dd>
          </div>
        )}
      </dl>
    </div>
  )
}

function Time({ name, us = 0 }: { readonly name: string; readonly us?: number | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{formatMicros(us)}</dd>
    </div>
  )
}

type LoadByKind = ReadonlyMap<string, RequestLoad>

/** Of the last views, oldest first. */
function useLastLoads(view: ClusterView | undefined): readonly LoadByKind[] {
  const [loads, setLoads] = useState<readonly LoadByKind[]>([])
  useEffect(() => {
    if (view === undefined) return
    const load = new Map(view.load.requests.map((one) => [one.kind as string, one]))
    setLoads((before) => [...before.slice(1 - KEPT), load])
  }, [view])
  return loads
}
