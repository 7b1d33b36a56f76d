/** One collection: its figures, its shards, its payload fields, and its end. */
import { Button, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { CollectionInfo, CollectionStats } from '@vectron/client'
import Trash from 'lucide-react/icons/trash-2'
import {
  collectionQuery,
  collectionStatsQuery,
  useDeleteCollection,
} from '../../api/collections.ts'
import { ConfirmByName } from '../../kit/confirm-by-name.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { formatPlural } from '../../kit/format.ts'
import { PageSection } from '../../kit/page-section.tsx'
import { Rows } from '../../kit/page-waiting.tsx'
import { useMay } from '../../session/may.ts'
import { useProject } from '../../session/project.ts'
import { CollectionFigures } from './collection-figures.tsx'
import { CollectionFrame } from './collection-frame.tsx'
import { FieldTable, ShardTable, StorageTable } from './collection-tables.tsx'
import { collectionRoute } from './routes.ts'

export function CollectionPage() {
  const { name } = collectionRoute.useParams()
  const projectId = useProject()?.projectId ?? ''
  const may = useMay()
  const info = useQuery(collectionQuery(projectId, name))
  const stats = useQuery(collectionStatsQuery(projectId, name))
  return (
    <CollectionFrame
      name={name}
      about={info.data?.description || undefined}
      actions={may('admin') && info.data !== undefined && <DeleteButton info={info.data} />}
    >
      {info.isPending && <Rows />}
      {info.isError && <ErrorState error={info.error} onRetry={info.refetch} />}
      {info.data !== undefined && (
        <Stack gap="xl">
          <CollectionFigures info={info.data} />
          {stats.isPending && <Rows />}
          {stats.isError && <ErrorState error={stats.error} onRetry={stats.refetch} />}
          {stats.data !== undefined && <Statistics stats={stats.data} />}
        </Stack>
      )}
    </CollectionFrame>
  )
}

function Statistics({ stats }: { readonly stats: CollectionStats }) {
  return (
    <>
      <PageSection title="Payload fields">
        <FieldTable fields={stats.fields} />
      </PageSection>
      <PageSection title="Storage">
        <StorageTable bytes={stats.bytes} />
      </PageSection>
      <PageSection title="Shards">
        <ShardTable shards={stats.shards} />
      </PageSection>
    </>
  )
}

function DeleteButton({ info }: { readonly info: CollectionInfo }) {
  const [isOpen, dialog] = useDisclosure(false)
  const navigate = useNavigate()
  const remove = useDeleteCollection()
  const confirm = () =>
    remove.mutate(info.name, { onSuccess: () => navigate({ to: '/collections' }) })
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
        isRunning={remove.isPending}
        error={remove.error}
      >
        <Text>
          Its {formatPlural(info.pointsCount, 'point')} will be gone from every replica. This cannot
          be undone.
        </Text>
      </ConfirmByName>
    </>
  )
}
