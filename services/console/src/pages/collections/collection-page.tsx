/** One collection: its figures, its shards, its payload fields, and its end. */
import { Button, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { CollectionInfo, CollectionStats } from '@vectron/client'
import Trash from 'lucide-react/icons/trash-2'
import Upload from 'lucide-react/icons/upload'
import {
  collectionQuery,
  collectionStatsQuery,
  useDeleteCollection,
} from '../../api/collections.ts'
import { ConfirmByName } from '../../kit/confirm-by-name.tsx'
import { formatPlural } from '../../kit/format.ts'
import { ButtonLink } from '../../kit/links.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { QueryState } from '../../kit/query-state.tsx'
import { useMay } from '../../session/may.ts'
import { useProject } from '../../session/project.ts'
import { AliasSection } from './alias-section.tsx'
import { CollectionFigures } from './collection-figures.tsx'
import { CollectionFrame } from './collection-frame.tsx'
import { ShardTable, StorageTable } from './collection-tables.tsx'
import { collectionRoute } from './routes.ts'
import { SchemaSection } from './schema-section.tsx'
import { SettingsSection } from './settings-section.tsx'

export function CollectionPage() {
  const { name } = collectionRoute.useParams()
  const projectId = useProject()?.projectId ?? ''
  const may = useMay()
  const removal = useDeleteCollection()
  // What is being deleted is not asked for again: it would be missing in the middle of it.
  const enabled = !removal.isPending && !removal.isSuccess
  const info = useQuery({ ...collectionQuery(projectId, name), enabled })
  const stats = useQuery({ ...collectionStatsQuery(projectId, name), enabled })
  return (
    <CollectionFrame
      name={name}
      about={info.data?.description || undefined}
      actions={
        info.data !== undefined && (
          <>
            {may('write') && (
              <ButtonLink
                to="/import"
                search={{ collection: name }}
                variant="default"
                leftSection={<Upload size={15} />}
              >
                Import
              </ButtonLink>
            )}
            {may('admin') && <DeleteButton info={info.data} removal={removal} />}
          </>
        )
      }
    >
      <QueryState query={info} />
      {info.data !== undefined && (
        <Stack gap="xl">
          <CollectionFigures info={info.data} />
          <QueryState query={stats} />
          {stats.data !== undefined && <Statistics info={info.data} stats={stats.data} />}
          <AliasSection collection={name} />
          {may('admin') && <SettingsSection info={info.data} />}
        </Stack>
      )}
    </CollectionFrame>
  )
}

interface StatisticsProps {
  readonly info: CollectionInfo
  readonly stats: CollectionStats
}

function Statistics({ info, stats }: StatisticsProps) {
  return (
    <>
      <SchemaSection info={info} fields={stats.fields} />
      <PageSection title="Storage">
        <StorageTable bytes={stats.bytes} />
      </PageSection>
      <PageSection title="Shards">
        <ShardTable shards={stats.shards} />
      </PageSection>
    </>
  )
}

interface DeleteButtonProps {
  readonly info: CollectionInfo
  readonly removal: ReturnType<typeof useDeleteCollection>
}

function DeleteButton({ info, removal }: DeleteButtonProps) {
  const [isOpen, dialog] = useDisclosure(false)
  const navigate = useNavigate()
  const confirm = () =>
    removal.mutate(info.name, { onSuccess: () => navigate({ to: '/collections' }) })
  return (
    <>
      <Button variant="default" leftSection={<Trash size={15} />} onClick={dialog.open}>
        Delete
      </Button>
      <ConfirmByName
        opened={isOpen}
        onClose={dialog.close}
        title="Delete this collection?"
        name={info.name}
        action="Delete collection"
        onConfirm={confirm}
        isRunning={removal.isPending}
        error={removal.error}
      >
        <Text>
          Its {formatPlural(info.pointsCount, 'point')} will be gone from every replica. This cannot
          be undone.
        </Text>
      </ConfirmByName>
    </>
  )
}
