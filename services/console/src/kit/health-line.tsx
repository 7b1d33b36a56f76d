/** The health of the cluster in one line. */
import type { ClusterHealth } from '@vectron/client'
import { formatPlural } from './format.ts'
import type { Live } from './live-stream.ts'
import { StateDot, type StateTone } from './state-dot.tsx'

export function HealthLine({ live }: { readonly live: Live<{ readonly health: ClusterHealth }> }) {
  if (live.state === 'lost') {
    return <StateDot tone="bad">The gateway does not answer; trying again.</StateDot>
  }
  if (live.state === 'silent') {
    return <StateDot tone="warn">No news for some seconds: what is shown is old.</StateDot>
  }
  if (live.value === undefined) return <StateDot tone="quiet">Connecting.</StateDot>
  const { health } = live.value
  const { tone, text } = WORDS[health.status]
  const where = `${formatPlural(health.workers, 'worker')}, version ${health.version}`
  return <StateDot tone={tone}>{`${text} ${where}.`}</StateDot>
}

const WORDS: Readonly<
  Record<ClusterHealth['status'], { readonly tone: StateTone; readonly text: string }>
> = {
  ok: { tone: 'good', text: 'All is served.' },
  degraded: { tone: 'warn', text: 'All is served, with less redundancy than asked.' },
  unavailable: { tone: 'bad', text: 'Some shards are not served.' },
}
