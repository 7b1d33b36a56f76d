/** The shard map with what narrows it. */
import { Chip, Group, Text, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import type { ClusterView, ShardInfo } from '@vectron/client'
import Grid3x3 from 'lucide-react/icons/grid-3x3'
import { useMemo } from 'react'
import { EmptyState } from '../../kit/empty-state.tsx'
import { formatPlural } from '../../kit/format.ts'
import { TextLink } from '../../kit/links.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { clusterRoute } from './routes.ts'
import { ShardMap } from './shard-map.tsx'
import { isTroubled, shownShards } from './shard-rows.ts'
import { ShardTiles } from './shard-tiles.tsx'

/** Above, one does not see them all at once. */
const FEW = 8
/** Above, the tiles tell more than the first rows. */
const MANY = 24

export interface ShardSectionProps {
  readonly view: ClusterView
  readonly onOpen: (shard: ShardInfo) => void
}

export function ShardSection({ view, onOpen }: ShardSectionProps) {
  const { find = '', only } = clusterRoute.useSearch()
  const { shards } = view
  const isOnlyTroubled = only === 'troubled'
  const shown = useMemo(
    () => shownShards(shards, { find, isOnlyTroubled }),
    [shards, find, isOnlyTroubled],
  )
  const troubled = shards.filter(isTroubled).length
  return (
    <PageSection
      title="Shards"
      about={
        shards.length > 0 &&
        `${formatPlural(shards.length, 'shard')}, ${troubled === 0 ? 'all sound' : `${troubled} not sound`}. ` +
          'Open one to move its replicas or its leader.'
      }
      actions={(shards.length > FEW || isOnlyTroubled) && <ShardFilters troubled={troubled} />}
    >
      {shards.length === 0 && <NoShards />}
      {shards.length > MANY && <ShardTiles shards={shown} onOpen={onOpen} />}
      {shards.length > 0 && shown.length === 0 && (
        <EmptyState
          title="No shard is shown"
          text={
            isOnlyTroubled ? 'All shards are sound.' : `No collection has "${find}" in its name.`
          }
        />
      )}
      {shown.length > 0 && <ShardMap shards={shown} workers={view.workers} onOpen={onOpen} />}
    </PageSection>
  )
}

function NoShards() {
  return (
    <EmptyState
      icon={Grid3x3}
      title="No shards yet"
      text={
        <>
          Every collection has at least one. <TextLink to="/collections/new">Make one</TextLink> and
          see where its replicas go.
        </>
      }
    />
  )
}

function ShardFilters({ troubled }: { readonly troubled: number }) {
  const { find = '', only } = clusterRoute.useSearch()
  const navigate = useNavigate({ from: clusterRoute.fullPath })
  const change = (changed: {
    readonly find?: string | undefined
    readonly only?: 'troubled' | undefined
  }) => navigate({ search: (before) => ({ ...before, ...changed }) as never, replace: true })
  return (
    <Group gap="xs">
      <TextInput
        aria-label="Find shards"
        placeholder="Collection or shard"
        value={find}
        onChange={({ currentTarget: { value } }) => change({ find: value || undefined })}
      />
      <Chip
        checked={only === 'troubled'}
        onChange={(isOn) => change({ only: isOn ? 'troubled' : undefined })}
      >
        <Text span size="sm">{`Not sound (${troubled})`}</Text>
      </Chip>
    </Group>
  )
}
