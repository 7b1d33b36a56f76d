/** All collections of the project. */
import { TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { CollectionInfo } from '@vectron/client'
import Database from 'lucide-react/icons/database'
import Plus from 'lucide-react/icons/plus'
import { collectionsQuery } from '../../api/collections.ts'
import { CodeBlock } from '../../kit/code-block.tsx'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { formatAgo, formatCount, formatPlural } from '../../kit/format.ts'
import { ButtonLink, TextLink } from '../../kit/links.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import { QueryState } from '../../kit/query-state.tsx'
import { useMay } from '../../session/may.ts'
import { useProject } from '../../session/project.ts'
import { IndexState } from './index-state.tsx'
import { collectionsRoute } from './routes.ts'

export function CollectionsPage() {
  const projectId = useProject()?.projectId ?? ''
  const may = useMay()
  const collections = useQuery(collectionsQuery(projectId))
  return (
    <PageFrame
      title="Collections"
      about={collections.data && formatPlural(collections.data.length, 'collection')}
      actions={may('admin') && <NewButton />}
    >
      <QueryState query={collections} />
      {collections.data?.length === 0 && <NoCollections mayCreate={may('admin')} />}
      {collections.data !== undefined && collections.data.length > 0 && (
        <CollectionList collections={collections.data} />
      )}
    </PageFrame>
  )
}

function NewButton() {
  return (
    <ButtonLink to="/collections/new" leftSection={<Plus size={16} />}>
      New collection
    </ButtonLink>
  )
}

function CollectionList({ collections }: { readonly collections: readonly CollectionInfo[] }) {
  const { find = '' } = collectionsRoute.useSearch()
  const navigate = useNavigate({ from: collectionsRoute.fullPath })
  const wanted = find.toLowerCase()
  const found = collections.filter(({ name }) => name.toLowerCase().includes(wanted))
  return (
    <>
      {collections.length > FEW && (
        <TextInput
          aria-label="Find a collection"
          placeholder="Find"
          mb="sm"
          maw={320}
          value={find}
          onChange={({ currentTarget: { value } }) =>
            navigate({
              search: (before) => ({ ...before, find: value || undefined }) as never,
              replace: true,
            })
          }
        />
      )}
      {found.length === 0 ? (
        <EmptyState title="None is called that" text={`No collection has "${find}" in its name.`} />
      ) : (
        <DataTable
          label="Collections"
          columns={COLUMNS}
          rows={found}
          keyOf={({ name }) => name}
          onOpen={({ name }) => navigate({ to: '/collections/$name', params: { name } })}
          sortedBy={{ column: 'name', descending: false }}
        />
      )}
    </>
  )
}

/** Below, one sees them all at once. */
const FEW = 6

const COLUMNS: readonly Column<CollectionInfo>[] = [
  {
    accessorKey: 'name',
    header: 'Name',
    cell: ({ row: { original } }) => (
      <TextLink to="/collections/$name" params={{ name: original.name }} fw={500}>
        {original.name}
      </TextLink>
    ),
  },
  {
    accessorKey: 'pointsCount',
    header: 'Points',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatCount(original.pointsCount),
  },
  {
    id: 'index',
    header: 'Index',
    accessorFn: ({ indexedCount, pointsCount }) => indexedCount / Math.max(1, pointsCount),
    cell: ({ row: { original } }) => <IndexState {...original} />,
  },
  { accessorKey: 'dimension', header: 'Dimension', meta: { align: 'right' } },
  { accessorKey: 'metric', header: 'Metric' },
  { accessorKey: 'shardCount', header: 'Shards', meta: { align: 'right' } },
  { accessorKey: 'replicationFactor', header: 'Replicas', meta: { align: 'right' } },
  {
    accessorKey: 'createTime',
    header: 'Created',
    cell: ({ row: { original } }) => formatAgo(original.createTime),
  },
]

const WHAT = 'A collection holds points: vectors of one dimension with their payloads.'
const MAKE_ONE = 'Make your first one, or load the demo data.'
const ASK_FOR_ONE = 'Ask an admin of this project for one.'

function NoCollections({ mayCreate }: { readonly mayCreate: boolean }) {
  return (
    <EmptyState
      icon={Database}
      title="No collections yet"
      text={`${WHAT} ${mayCreate ? MAKE_ONE : ASK_FOR_ONE}`}
      action={
        mayCreate && (
          <>
            <NewButton />
            <CodeBlock label="the command" code="npx vectron demo load dictionary" />
          </>
        )
      }
    />
  )
}
