/**
 * Home: is all well, what is going on, and what to do next. Operators see the cluster live; others
 * are told whether all is served.
 */
import { Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ClusterHealth, ClusterView } from '@vectron/client'
import type { ReactNode } from 'react'
import { healthQuery, useClusterView } from '../../api/cluster.ts'
import { collectionsQuery } from '../../api/collections.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { Figure, Figures } from '../../kit/figure.tsx'
import { formatBytes, formatCount, formatShortCount } from '../../kit/format.ts'
import { HealthLine } from '../../kit/health-line.tsx'
import type { Live } from '../../kit/live-stream.ts'
import { PageFrame } from '../../kit/page-frame.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { Problems } from '../../kit/problems.tsx'
import { useMay } from '../../session/may.ts'
import { useProject } from '../../session/project.ts'
import { FirstSteps } from './first-steps.tsx'
import { LiveRates } from './live-rates.tsx'
import { QuickActions } from './quick-actions.tsx'

export function HomePage() {
  return useMay()('operator') ? <OperatorHome /> : <MemberHome />
}

function OperatorHome() {
  const live = useClusterView({ shards: 'without' })
  return (
    <Home live={live} figures={<ClusterFigures view={live.value} />}>
      <PageSection title="Right now">
        <LiveRates live={live} />
      </PageSection>
    </Home>
  )
}

function MemberHome() {
  const { data, error, isError } = useQuery(healthQuery(useProject()?.projectId ?? ''))
  const state = data === undefined ? 'connecting' : 'live'
  const live = { value: data && { health: data }, state: isError ? 'lost' : state, error } as const
  return <Home live={live} />
}

interface HomeProps {
  readonly live: Live<{ readonly health: ClusterHealth }>
  readonly figures?: ReactNode
  readonly children?: ReactNode
}

function Home({ live, figures, children }: HomeProps) {
  const projectId = useProject()?.projectId ?? ''
  const collections = useQuery(collectionsQuery(projectId))
  const points = collections.data?.reduce((sum, one) => sum + one.pointsCount, 0)
  return (
    <PageFrame title="Home" about={<HealthLine live={live} />} actions={<QuickActions />}>
      <Stack gap="xl">
        {live.state === 'lost' && live.value === undefined && <ErrorState error={live.error} />}
        <Problems problems={live.value?.health.problems ?? []} />
        <Figures>
          <Figure label="Collections" value={countOrDash(collections.data?.length)} />
          <Figure
            label="Points"
            value={points === undefined ? '–' : formatShortCount(points)}
            note={points !== undefined && points >= 1000 ? formatCount(points) : undefined}
          />
          {figures}
        </Figures>
        {children}
        {collections.data !== undefined && (
          <FirstSteps collections={collections.data.map(({ name }) => name)} />
        )}
      </Stack>
    </PageFrame>
  )
}

function ClusterFigures({ view }: { readonly view: ClusterView | undefined }) {
  const workers = view?.workers ?? []
  const bytes = workers.reduce((sum, one) => sum + one.replicaBytes, 0)
  return (
    <>
      <Figure label="Workers" value={countOrDash(view?.health.workers)} />
      <Figure label="Shards" value={countOrDash(view?.health.shards)} />
      <Figure label="Replicas on disk" value={formatBytes(bytes)} />
    </>
  )
}

function countOrDash(count: number | undefined): string {
  return count === undefined ? '–' : formatCount(count)
}
