/** Charts of the last minutes: what the gateway answers, and how the workers are. */
import { Button, Group, SegmentedControl, Stack } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import type { ClusterView } from '@vectron/client'
import { lazy, Suspense, useCallback, useMemo, useState } from 'react'
import { useClusterView } from '../../api/cluster.ts'
import { clusterHistory, type Sample } from '../../api/cluster-history.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { HealthLine } from '../../kit/health-line.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { Rows } from '../../kit/page-waiting.tsx'
import { columnsOf } from './chart-data.ts'
import { CHARTS, type Chart } from './charts.ts'
import classes from './metrics-page.module.css'
import { metricsRoute, WINDOWS, type Window } from './routes.ts'

const TimeChart = lazy(() =>
  import('../../kit/time-chart.tsx').then((module) => ({ default: module.TimeChart })),
)

const WINDOW_DEFAULT: Window = '5m'
const WINDOW_SECONDS: Readonly<Record<Window, number>> = {
  '1m': 60,
  '5m': 300,
  '15m': 900,
  '1h': 3600,
}

interface Span {
  readonly from: number
  readonly to: number
}

export function MetricsPage() {
  const { window = WINDOW_DEFAULT } = metricsRoute.useSearch()
  const [samples, setSamples] = useState(clusterHistory.samples)
  const [held, setHeld] = useState<Span>()
  const onView = useCallback((view: ClusterView) => {
    clusterHistory.add(view)
    setSamples(clusterHistory.samples)
  }, [])
  const live = useClusterView({ shards: 'with', onView })
  const to = samples.at(-1)?.time ?? 0
  const span = useMemo(() => held ?? { from: to - WINDOW_SECONDS[window], to }, [held, to, window])
  return (
    <PageFrame
      title="Metrics"
      about={<HealthLine live={live} />}
      actions={<WindowChoice window={window} held={held} onLive={() => setHeld(undefined)} />}
      width="full"
    >
      <Stack gap="md">
        {live.state === 'lost' && <ErrorState error={live.error} />}
        {samples.length === 0 && live.state !== 'lost' && <Rows count={8} />}
        {samples.length > 0 && <Charts samples={samples} span={span} onSpan={setHeld} />}
      </Stack>
    </PageFrame>
  )
}

interface WindowChoiceProps {
  readonly window: Window
  readonly held: Span | undefined
  readonly onLive: () => void
}

function WindowChoice({ window, held, onLive }: WindowChoiceProps) {
  const navigate = useNavigate({ from: metricsRoute.fullPath })
  const choose = (wanted: string) => {
    onLive()
    navigate({
      search: (before) =>
        ({ ...before, window: wanted === WINDOW_DEFAULT ? undefined : wanted }) as never,
      replace: true,
    })
  }
  return (
    <Group gap="xs">
      {held !== undefined && (
        <Button variant="default" size="xs" onClick={onLive}>
          Back to live
        </Button>
      )}
      <SegmentedControl
        aria-label="Shown time"
        data={[...WINDOWS]}
        value={window}
        onChange={choose}
        size="xs"
      />
    </Group>
  )
}

interface ChartsProps {
  readonly samples: readonly Sample[]
  readonly span: Span
  readonly onSpan: (span: Span) => void
}

function Charts({ samples, span, onSpan }: ChartsProps) {
  return (
    <div className={classes['charts']}>
      {CHARTS.map((chart) => (
        <ChartPanel key={chart.title} chart={chart} samples={samples} span={span} onSpan={onSpan} />
      ))}
    </div>
  )
}

function ChartPanel({ chart, samples, span, onSpan }: ChartsProps & { readonly chart: Chart }) {
  const lines = useMemo(() => chart.lines(samples), [chart, samples])
  const columns = useMemo(() => columnsOf(samples, lines), [samples, lines])
  return (
    <div className={`panel ${classes['panel']}`}>
      <PageSection title={chart.title} about={chart.about}>
        <Suspense fallback={<div className={classes['waiting']} aria-busy />}>
          <TimeChart
            label={`${chart.title}, over time`}
            lines={lines.map(({ name }) => name)}
            columns={columns}
            span={span}
            group="metrics"
            format={chart.format}
            {...(chart.top === undefined ? {} : { top: chart.top })}
            {...(chart.steps === undefined ? {} : { steps: chart.steps })}
            onSpan={onSpan}
          />
        </Suspense>
      </PageSection>
    </div>
  )
}
