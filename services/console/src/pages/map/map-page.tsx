/** The map: a collection as points of a plane, to look at, to colour, to select and to search. */
import {
  Button,
  Group,
  Progress,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { CollectionInfo } from '@vectron/client'
import ChartScatter from 'lucide-react/icons/chart-scatter'
import MapPin from 'lucide-react/icons/map-pin'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { collectionStatsQuery, collectionsQuery } from '../../api/collections.ts'
import { CodeBlock } from '../../kit/code-block.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { formatCount, formatPlural, formatShare } from '../../kit/format.ts'
import { PageFrame } from '../../kit/page-frame.tsx'
import { QueryState } from '../../kit/query-state.tsx'
import { useProject } from '../../session/project.ts'
import { MapCanvas } from './map-canvas.tsx'
import { MapLegend } from './map-legend.tsx'
import classes from './map-page.module.css'
import type { MapStage } from './map-stage.ts'
import { mapRoute } from './routes.ts'
import { SelectionPanel } from './selection-panel.tsx'
import { capacityFor, type MapData, type Stage, useMapData } from './use-map-data.ts'
import { usePin } from './use-pin.ts'

export function MapPage() {
  const { collection } = mapRoute.useSearch()
  const projectId = useProject()?.projectId ?? ''
  const collections = useQuery(collectionsQuery(projectId))
  const info =
    collection === undefined
      ? collections.data?.[0]
      : collections.data?.find(({ name }) => name === collection)
  return (
    <PageFrame
      title="Map"
      about="Points that are near each other in all dimensions, as near as a plane allows."
      width="full"
    >
      <QueryState query={collections} />
      {collections.data?.length === 0 && <NoCollections />}
      {collections.data !== undefined && collections.data.length > 0 && info === undefined && (
        <EmptyState
          icon={ChartScatter}
          title="There is no such collection"
          text={`None of this project is called "${collection}".`}
        />
      )}
      {info !== undefined && (
        <CollectionMap
          key={info.name}
          info={info}
          names={collections.data?.map(({ name }) => name) ?? []}
        />
      )}
    </PageFrame>
  )
}

interface CollectionMapProps {
  readonly info: CollectionInfo
  readonly names: readonly string[]
}

function CollectionMap({ info, names }: CollectionMapProps) {
  const { by = 'pca', color = '', pin = '', draw } = mapRoute.useSearch()
  const navigate = useNavigate()
  const projectId = useProject()?.projectId ?? ''
  const data = useMapData({ projectId, info, method: by, color })
  const { ids, projection, coloring, session } = data
  const [selected, setSelected] = useState<readonly number[]>(NONE)
  const stage = useRef<MapStage>(null)
  const positions = projection?.positions
  const pinned = usePin({ projectId, info, text: pin, ids, positions, session })
  const go = (part: Record<string, string | undefined>) =>
    navigate({
      to: '/map',
      search: (before) => ({ ...before, collection: info.name, ...part }) as never,
    })
  // Fields and points of one collection mean nothing in another.
  const choose = (name: string) => go({ collection: name, color: undefined, pin: undefined })
  return (
    <Stack gap="md">
      <MapBar info={info} names={names} go={go} onCollection={choose} />
      {pinned.isError && <ErrorState error={pinned.error} />}
      {data.colorError !== undefined && <ErrorState error={data.colorError} />}
      <StageLine data={data} onInstead={() => go({ by: undefined })} />
      {info.pointsCount === 0 ? (
        <EmptyState
          icon={ChartScatter}
          title="No points to show yet"
          text="The map shows the points of this collection as soon as it has some."
        />
      ) : positions !== undefined && coloring !== undefined && session !== undefined ? (
        <>
          <MapCanvas
            ids={ids}
            positions={positions}
            coloring={coloring}
            session={session}
            prefer={draw ?? 'webgl'}
            selected={selected}
            hits={pinned.data?.hits ?? NONE}
            pin={pinned.data?.pin}
            onSelect={setSelected}
            stage={stage}
          />
          <Group justify="space-between" align="flex-start" gap="xs">
            <MapLegend coloring={coloring} onSelect={setSelected} />
            <Button
              variant="subtle"
              color="gray"
              size="xs"
              onClick={() => setSelected(stage.current?.pointsInView() ?? NONE)}
            >
              Select what is in view
            </Button>
          </Group>
          <Text size="sm" className="quiet">
            {aboutMap(info, ids.length)} {projection?.about} {pinned.data?.about}
          </Text>
          {selected.length > 0 && (
            <SelectionPanel
              collection={info.name}
              ids={ids}
              points={selected}
              session={session}
              onClear={() => setSelected(NONE)}
            />
          )}
        </>
      ) : (
        data.stage.kind !== 'failed' && <div className={`panel ${classes['waiting']}`} aria-busy />
      )}
    </Stack>
  )
}

const NONE: readonly number[] = []

function aboutMap(info: CollectionInfo, shown: number): string {
  if (shown >= info.pointsCount) return `All ${formatPlural(shown, 'point')}.`
  const why = shown === capacityFor(info) ? ': more would be slow in a browser' : ''
  const all = formatPlural(info.pointsCount, 'point')
  return `${formatCount(shown)} of ${all}, the first by their ids${why}.`
}

interface MapBarProps extends CollectionMapProps {
  readonly go: (part: Record<string, string | undefined>) => void
  readonly onCollection: (name: string) => void
}

function MapBar({ info, names, go, onCollection }: MapBarProps) {
  const { by = 'pca', color = '', pin = '' } = mapRoute.useSearch()
  const projectId = useProject()?.projectId ?? ''
  const { data: stats } = useQuery(collectionStatsQuery(projectId, info.name))
  const fields = [
    ...new Set([
      ...(stats?.fields ?? []).map(({ field }) => field),
      ...(color === '' ? [] : [color]),
    ]),
  ]
  const [typed, setTyped] = useState(pin)
  useEffect(() => setTyped(pin), [pin])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    go({ pin: typed.trim() || undefined })
  }
  return (
    <div className={`panel ${classes['bar']}`}>
      <Select
        label="Collection"
        data={names}
        value={info.name}
        onChange={(name) => name !== null && onCollection(name)}
        allowDeselect={false}
        searchable={names.length > 8}
      />
      <div>
        <div className={classes['label']} id="map-method">
          Projection
        </div>
        <SegmentedControl
          aria-labelledby="map-method"
          data={[
            { value: 'pca', label: 'PCA' },
            { value: 'umap', label: 'UMAP' },
          ]}
          value={by}
          onChange={(method) => go({ by: method === 'umap' ? 'umap' : undefined })}
        />
      </div>
      <Select
        label="Colour by"
        placeholder="nothing"
        clearable
        data={fields}
        value={color === '' ? null : color}
        onChange={(field) => go({ color: field ?? undefined })}
      />
      <form onSubmit={submit}>
        <TextInput
          label="Where is"
          placeholder={info.embedder === '' ? 'id of a point' : 'a text, or the id of a point'}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          leftSection={<MapPin size={15} />}
        />
      </form>
    </div>
  )
}

interface StageLineProps {
  readonly data: MapData
  readonly onInstead: () => void
}

function StageLine({ data: { stage, cancel }, onInstead }: StageLineProps) {
  if (stage.kind === 'ready') return null
  if (stage.kind === 'failed') {
    const isCancelled = stage.error instanceof Error && stage.error.message === 'cancelled'
    return isCancelled ? (
      <Group gap="sm" role="status">
        <Text size="sm">UMAP was stopped.</Text>
        <Button variant="default" size="xs" onClick={onInstead}>
          Show PCA
        </Button>
      </Group>
    ) : (
      <ErrorState error={stage.error} />
    )
  }
  const { text, share } = progressOf(stage)
  return (
    <Group gap="sm" wrap="nowrap" aria-busy>
      <Text size="sm" className="quiet figures" role="status" miw={210}>
        {text}
      </Text>
      <Progress value={100 * share} flex={1} aria-label={text} />
      {stage.kind === 'projecting' && stage.method === 'umap' && (
        <Button variant="default" size="compact-xs" onClick={cancel}>
          Cancel
        </Button>
      )}
    </Group>
  )
}

function progressOf(stage: Exclude<Stage, { kind: 'ready' } | { kind: 'failed' }>) {
  if (stage.kind === 'projecting') {
    const name = stage.method === 'pca' ? 'principal components' : 'UMAP'
    return {
      text: `Computing ${name}: ${formatShare(Math.round(100 * stage.share) / 100)}`,
      share: stage.share,
    }
  }
  const { loaded, wanted } = stage
  return {
    text: `${formatCount(loaded)} of ${formatCount(wanted)} points loaded`,
    share: wanted === 0 ? 0 : loaded / wanted,
  }
}

function NoCollections() {
  return (
    <EmptyState
      icon={ChartScatter}
      title="Nothing to map yet"
      text="The map shows the points of a collection. Load the demo data, and see its words by meaning:"
      action={<CodeBlock label="the command" code="npx vectron demo load dictionary" />}
    />
  )
}
