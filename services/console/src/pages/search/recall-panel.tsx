/** The recall meter: what approximate searches of this collection find and take, by their width. */
import { Alert, Button, Group, Progress, Select, Slider, Stack, Text } from '@mantine/core'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { vectronOf } from '../../api/client.ts'
import { EmptyState } from '../../kit/empty-state.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { Figure, Figures } from '../../kit/figure.tsx'
import { formatCount, formatMicros, formatPlural, formatShare } from '../../kit/format.ts'
import { Rows } from '../../kit/page-waiting.tsx'
import { useProject } from '../../session/project.ts'
import { type LabSearch, TOP_K_DEFAULT } from './lab-config.ts'
import { measureRecall, type RecallPoint, recallWidths } from './measure-recall.ts'

const RecallCurve = lazy(() =>
  import('./recall-curve.tsx').then((module) => ({ default: module.RecallCurve })),
)

export interface RecallPanelProps {
  readonly lab: LabSearch
  readonly onWidth: (width: number) => void
}

interface Run {
  readonly state: 'running' | 'done' | 'failed'
  readonly doing: string
  /** 0 to 1. */
  readonly share: number
  readonly points: readonly RecallPoint[]
  readonly error?: unknown
}

const QUERIES = ['10', '25', '50', '100', '200']

export function RecallPanel({ lab, onWidth }: RecallPanelProps) {
  const { topK = TOP_K_DEFAULT, filter } = lab.a ?? {}
  const [queries, setQueries] = useState('25')
  const { run, start, stop } = useRecallRun({
    lab,
    topK,
    queries: Number(queries),
  })
  return (
    <Stack gap="lg">
      <Group align="flex-end" gap="xs">
        <Select
          label="Queries"
          data={QUERIES}
          value={queries}
          onChange={(value) => setQueries(value ?? queries)}
          allowDeselect={false}
          w={110}
        />
        {run?.state === 'running' ? (
          <Button variant="default" onClick={stop}>
            Stop
          </Button>
        ) : (
          <Button variant={run === undefined ? 'filled' : 'default'} onClick={start}>
            Measure
          </Button>
        )}
      </Group>
      {run === undefined && <NotMeasured topK={topK} filtered={filter !== undefined} />}
      {run?.state === 'running' && (
        <div>
          <Text size="sm" className="quiet figures" mb={6} role="status">
            {run.doing}
          </Text>
          <Progress value={100 * run.share} aria-label="Measured so far" />
        </div>
      )}
      {run?.state === 'failed' && <ErrorState error={run.error} onRetry={start} />}
      {run !== undefined && run.points.length > 0 && (
        <Curve points={run.points} topK={topK} onWidth={onWidth} />
      )}
    </Stack>
  )
}

function NotMeasured({ topK, filtered }: { readonly topK: number; readonly filtered: boolean }) {
  const which = filtered ? ' that match the filter of A' : ''
  const what = `Stored points drawn at random are searched for their ${topK} nearest${which}`
  const how = `once exactly, and then by the graph at ${recallWidths(topK).length} search widths`
  return (
    <EmptyState
      title="How good are the answers here?"
      text={`${what}: ${how}. The curve shows what more width brings, and what it costs.`}
    />
  )
}

interface CurveProps {
  readonly points: readonly RecallPoint[]
  readonly topK: number
  readonly onWidth: (width: number) => void
}

function Curve({ points, topK, onWidth }: CurveProps) {
  const [chosen, setChosen] = useState(0)
  const at = Math.min(chosen, points.length - 1)
  const point = points[at]
  if (point === undefined) return null
  return (
    <Stack gap="lg">
      <Suspense fallback={<Rows />}>
        <RecallCurve points={points} chosen={at} />
      </Suspense>
      <div>
        <Text size="sm" fw={500} mb={4} id="width-label">
          Search width
        </Text>
        <Slider
          aria-labelledby="width-label"
          thumbProps={{ 'aria-labelledby': 'width-label' }}
          min={0}
          max={Math.max(1, points.length - 1)}
          step={1}
          value={at}
          onChange={setChosen}
          label={(index) => formatCount(points[index]?.width ?? 0)}
          marks={points.map(({ width }, index) => ({ value: index, label: formatCount(width) }))}
          mb={28}
        />
      </div>
      <Figures>
        <Figure label={`Recall of the nearest ${topK}`} value={formatShare(point.recall)} />
        <Figure label="Median time" value={formatMicros(point.p50Us)} />
        <Figure label="95 of 100 within" value={formatMicros(point.p95Us)} />
      </Figures>
      {point.recall < 1 && points.every(({ recall }) => recall < 1) && (
        <Alert variant="light" color="gray">
          No width that was measured finds all. Set “Exact” where none may be missed.
        </Alert>
      )}
      <Group>
        <Button variant="default" onClick={() => onWidth(point.width)}>
          Use the width {formatCount(point.width)} in A
        </Button>
      </Group>
    </Stack>
  )
}

interface RunOf {
  readonly lab: LabSearch
  readonly topK: number
  readonly queries: number
}

function useRecallRun({ lab, topK, queries }: RunOf) {
  const projectId = useProject()?.projectId ?? ''
  const [run, setRun] = useState<Run>()
  const leave = useRef<AbortController>(undefined)
  useEffect(() => () => leave.current?.abort(), [])
  const start = async () => {
    leave.current?.abort()
    const own = new AbortController()
    leave.current = own
    const widths = recallWidths(topK).length
    let points: readonly RecallPoint[] = []
    const tell = (doing: string, share: number) =>
      setRun({ state: 'running', doing, share, points })
    tell('Drawing points', 0)
    try {
      const collection = vectronOf(projectId).collection(lab.collection ?? '')
      const filter = lab.a?.filter
      const options = { topK, queries, signal: own.signal, ...(filter && { filter }) }
      for await (const step of measureRecall(collection, options)) {
        if (own.signal.aborted) return
        switch (step.kind) {
          case 'drawing':
            tell(`Drawing from ${formatPlural(step.seen, 'point')}`, 0.05)
            break
          case 'exact':
            tell(`Exact answers: ${step.done} of ${queries}`, 0.1 + (0.3 * step.done) / queries)
            break
          case 'measured':
            points = [...points, step.point]
            tell(
              `Width ${formatCount(step.point.width)} measured`,
              0.4 + (0.6 * points.length) / widths,
            )
        }
      }
      setRun({ state: 'done', doing: '', share: 1, points })
    } catch (error) {
      if (!own.signal.aborted) setRun({ state: 'failed', doing: '', share: 0, points, error })
    }
  }
  const stop = () => {
    leave.current?.abort()
    setRun((before) => before && { ...before, state: 'done' })
  }
  return { run, start, stop }
}
