/** The cluster live: who is in it, where each shard is, what is moving, what has happened. */
import { Stack } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import type { ClusterEvent, ClusterView } from '@vectron/client'
import { useCallback, useState } from 'react'
import { useClusterView } from '../../api/cluster.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { HealthLine } from '../../kit/health-line.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { Rows } from '../../kit/page-waiting.tsx'
import { Problems } from '../../kit/problems.tsx'
import { useMay } from '../../session/may.ts'
import { ControlPlane } from './control-plane.tsx'
import { EventList } from './event-list.tsx'
import { joinEvents } from './join-events.ts'
import { OperatorList } from './operator-list.tsx'
import { RebalanceButton } from './rebalance-button.tsx'
import { clusterRoute } from './routes.ts'
import { ShardDrawer } from './shard-drawer.tsx'
import { ShardSection } from './shard-section.tsx'
import { ShownViewProvider } from './shown-view.ts'
import { WorkerTable } from './worker-table.tsx'

/** With more workers, the map needs the whole window. */
const WORKERS_OF_A_COLUMN = 6

export function ClusterPage() {
  const [events, setEvents] = useState<readonly ClusterEvent[]>([])
  const onView = useCallback(
    (view: ClusterView) => setEvents((before) => joinEvents(before, view.events)),
    [],
  )
  const live = useClusterView({ shards: 'with', onView })
  const may = useMay()
  const view = live.value
  return (
    <PageFrame
      title="Cluster"
      about={<HealthLine live={live} />}
      actions={may('operator') && view !== undefined && <RebalanceButton />}
      width={(view?.workers.length ?? 0) > WORKERS_OF_A_COLUMN ? 'full' : 'reading'}
    >
      <Stack gap="xl">
        {live.state === 'lost' && <ErrorState error={live.error} />}
        {view === undefined && live.state !== 'lost' && <Rows count={8} />}
        {view !== undefined && !isSeen(view) && <Problems problems={view.health.problems} />}
        {view !== undefined && isSeen(view) && (
          <ShownViewProvider value={view}>
            <Parts
              view={view}
              events={events}
              isOld={live.state === 'lost' || live.state === 'silent'}
            />
          </ShownViewProvider>
        )}
      </Stack>
    </PageFrame>
  )
}

/** A cluster has members of placement: without any, none of them answers, and nothing is known. */
function isSeen({ members }: ClusterView): boolean {
  return members.length > 0
}

interface PartsProps {
  readonly view: ClusterView
  readonly events: readonly ClusterEvent[]
  readonly isOld: boolean
}

function Parts({ view, events, isOld }: PartsProps) {
  const { shard: openId } = clusterRoute.useSearch()
  const navigate = useNavigate({ from: clusterRoute.fullPath })
  const openShard = (shard: number | undefined) =>
    navigate({ search: (before) => ({ ...before, shard }) as never, replace: true })
  return (
    <Stack gap="xl" opacity={isOld ? 0.6 : 1}>
      <Problems problems={view.health.problems} />
      <PageSection title="Workers">
        <WorkerTable />
      </PageSection>
      <ShardSection view={view} onOpen={({ shardId }) => openShard(Number(shardId))} />
      <PageSection title="Moves" about="Running, and the last that ended.">
        <OperatorList running={view.operators} />
      </PageSection>
      <PageSection title="Events" about="What placement did and noticed, newest first.">
        <EventList events={events} />
      </PageSection>
      <PageSection title="Placement and gateways">
        <ControlPlane />
      </PageSection>
      <ShardDrawer
        shard={view.shards.find(({ shardId }) => Number(shardId) === openId)}
        workers={view.workers}
        isOpen={openId !== undefined}
        onClose={() => openShard(undefined)}
      />
    </Stack>
  )
}
