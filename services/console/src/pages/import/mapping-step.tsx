/** What is in the file, which column is what, and into which collection it goes. */
import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { CollectionInfo, NewCollection } from '@vectron/client'
import { useState } from 'react'
import { vectronOf } from '../../api/client.ts'
import { collectionsQuery } from '../../api/collections.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { formatBytes, formatPlural } from '../../kit/format.ts'
import { PageSection } from '../../kit/page-section.tsx'
import { Rows } from '../../kit/page-waiting.tsx'
import { useMay } from '../../session/may.ts'
import { useProject } from '../../session/project.ts'
import { ColumnTable } from './column-table.tsx'
import {
  draftProblem,
  firstDraft,
  type ImportDraft,
  mappingOf,
  newCollectionOf,
} from './import-draft.ts'
import type { Chosen } from './import-page.tsx'
import type { Mapping } from './reading/mapping.ts'
import { RecordPreview } from './record-preview.tsx'
import { importRoute } from './routes.ts'
import { TargetFields } from './target-fields.tsx'

export interface MappedImport {
  readonly collection: string
  readonly mapping: Mapping
}

export interface MappingStepProps {
  readonly chosen: Chosen
  readonly onBack: () => void
  readonly onStart: (mapped: MappedImport) => void
}

export function MappingStep(props: MappingStepProps) {
  const projectId = useProject()?.projectId ?? ''
  const collections = useQuery(collectionsQuery(projectId))
  if (collections.isPending) return <Rows />
  if (collections.isError) {
    return <ErrorState error={collections.error} onRetry={collections.refetch} />
  }
  return <Mapped {...props} collections={collections.data} />
}

interface MappedProps extends MappingStepProps {
  readonly collections: readonly CollectionInfo[]
}

function Mapped({ chosen, collections, onBack, onStart }: MappedProps) {
  const { file, opened } = chosen
  const { collection: wanted } = importRoute.useSearch()
  const projectId = useProject()?.projectId ?? ''
  const navigate = useNavigate()
  const mayCreate = useMay()('admin')
  const [draft, setDraft] = useState(() => firstDraft(file.name, opened))
  const target = collections.find(({ name }) => name === wanted)
  const create = useMutation({
    mutationFn: (collection: NewCollection) => vectronOf(projectId).createCollection(collection),
  })
  const change = (part: Partial<ImportDraft>) => setDraft({ ...draft, ...part })
  const problem = draftProblem(draft, target, { mayCreate })
  const start = async () => {
    const mapping = mappingOf(draft, opened, target)
    if (target !== undefined) onStart({ collection: target.name, mapping })
    else {
      const { name } = await create.mutateAsync(newCollectionOf(draft))
      onStart({ collection: name, mapping })
    }
  }
  const broken = opened.sample.filter(({ kind }) => kind === 'broken').length
  return (
    <Stack gap="xl">
      <TargetFields
        draft={draft}
        change={change}
        target={target}
        collections={collections}
        mayCreate={mayCreate}
        onTarget={(name) =>
          navigate({
            to: '/import',
            search: (before) => ({ ...before, collection: name }) as never,
            replace: true,
          })
        }
      />
      <PageSection
        title="Columns"
        about={`${file.name}, ${formatBytes(file.size)}, read as ${opened.layout.format}`}
      >
        <ColumnTable draft={draft} change={change} hasEmbedder={embeds(draft, target)} />
      </PageSection>
      <PageSection title="The first rows">
        {broken > 0 && (
          <Alert color="yellow" variant="light" mb="sm">
            {formatPlural(broken, 'row')} of the first {opened.sample.length} cannot be read; such
            rows are told of and left out.
          </Alert>
        )}
        <RecordPreview opened={opened} />
      </PageSection>
      {create.isError && <ErrorState error={create.error} />}
      <Group justify="flex-end" gap="sm">
        {problem !== undefined && (
          <Text size="sm" className="quiet" role="status">
            {problem}
          </Text>
        )}
        <Button variant="default" onClick={onBack}>
          Another file
        </Button>
        <Button
          disabled={problem !== undefined}
          loading={create.isPending}
          onClick={() => start().catch(() => {})}
        >
          Import
        </Button>
      </Group>
    </Stack>
  )
}

function embeds(draft: ImportDraft, target: CollectionInfo | undefined): boolean {
  return target === undefined ? draft.metric === 'cosine' : target.embedder !== ''
}
