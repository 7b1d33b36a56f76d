/** Home: is all well, what is going on, and what to do next. */
import { Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useClusterView } from '../../api/cluster.ts'
import { collectionsQuery } from '../../api/collections.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { Figure, Figures } from '../../kit/figure.tsx'
import { formatBytes, formatCount, formatShortCount } from '../../kit/format.ts'
import { HealthLine } from '../../kit/health-line.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { Problems } from '../../kit/problems.tsx'
import { useProject } from '../../session/project.ts'
import { FirstSteps } from './first-steps.tsx'
import { LiveRates } from './live-rates.tsx'
import { QuickActions } from './quick-actions.tsx'

export function HomePage() {
  const projectId = useProject()?.projectId ?? ''
  const live = useClusterView({ shards: 'without' })
  const collections = useQuery(collectionsQuery(projectId))
  const workers = live.value?.workers ?? []
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
          <Figure label="Workers" value={countOrDash(live.value?.health.workers)} />
          <Figure label="Shards" value={countOrDash(live.value?.health.shards)} />
          <Figure
            label="Replicas on disk"
            value={formatBytes(workers.reduce((sum, one) => sum + one.replicaBytes, 0))}
          />
        </Figures>
        <PageSection title="Right now">
          <LiveRates live={live} />
        </PageSection>
        {collections.data !== undefined && (
          <FirstSteps collections={collections.data.map(({ name }) => name)} />
        )}
      </Stack>
    </PageFrame>
  )
}

function countOrDash(count: number | undefined): string {
  return count === undefined ? '–' : formatCount(count)
}
