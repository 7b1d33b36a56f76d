/** The API keys of the project; those that are let in no more behind a switch. */
import { Group, Switch, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { ApiKey, Project } from '@vectron/client'
import KeyRound from 'lucide-react/icons/key-round'
import { useState } from 'react'
import { keysQuery } from '../../api/access.ts'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { formatAgo, formatMoment } from '../../kit/format.ts'
import { TextLink } from '../../kit/links.tsx'
import { Rows } from '../../kit/page-waiting.tsx'
import { formatScopes, KeyStateDot, keyState } from './key-facts.tsx'
import { NewKeyButton } from './new-key-button.tsx'
import { accessRoute } from './routes.ts'

/** Below, one sees them all at once. */
const FEW = 6

export function KeyList({ project: { projectId } }: { readonly project: Project }) {
  const keys = useQuery(keysQuery(projectId))
  const navigate = useNavigate()
  const { find = '' } = accessRoute.useSearch()
  const [isWithEnded, setWithEnded] = useState(false)
  if (keys.isPending) return <Rows />
  if (keys.isError) return <ErrorState error={keys.error} onRetry={keys.refetch} />
  const all = keys.data
  const wanted = find.toLowerCase()
  const found = all.filter(
    (key) =>
      (isWithEnded || keyState(key).isInForce) &&
      `${key.name} ${key.keyId}`.toLowerCase().includes(wanted),
  )
  const ended = all.filter((key) => !keyState(key).isInForce).length
  if (all.length === 0) return <NoKeys />
  return (
    <>
      <Group mb="sm" justify="space-between">
        {all.length > FEW ? (
          <TextInput
            aria-label="Find a key"
            placeholder="Find by name or id"
            w={280}
            maw="100%"
            value={find}
            onChange={({ currentTarget: { value } }) =>
              navigate({
                to: '/access',
                search: value === '' ? {} : { find: value },
                replace: true,
              })
            }
          />
        ) : (
          <span />
        )}
        {ended > 0 && (
          <Switch
            label={`Show ${ended} that ended`}
            checked={isWithEnded}
            onChange={({ currentTarget: { checked } }) => setWithEnded(checked)}
          />
        )}
      </Group>
      {found.length === 0 ? (
        <EmptyState title="No such key" text="None of those in force is called that." />
      ) : (
        <DataTable
          label="API keys"
          columns={COLUMNS}
          rows={found}
          keyOf={({ keyId }) => keyId}
          onOpen={({ keyId }) => navigate({ to: '/access/keys/$keyId', params: { keyId } })}
          sortedBy={{ column: 'createTime', descending: true }}
        />
      )}
    </>
  )
}

const NO_KEYS =
  'Programs sign in by a key. Give each its own, with no more than it needs: ' +
  'then one can be revoked without the others.'

function NoKeys() {
  return (
    <EmptyState icon={KeyRound} title="No API keys yet" text={NO_KEYS} action={<NewKeyButton />} />
  )
}

const COLUMNS: readonly Column<ApiKey>[] = [
  {
    accessorKey: 'name',
    header: 'Name',
    cell: ({ row: { original } }) => (
      <TextLink to="/access/keys/$keyId" params={{ keyId: original.keyId }} fw={500}>
        {original.name || original.keyId}
      </TextLink>
    ),
  },
  {
    id: 'state',
    header: 'State',
    accessorFn: (key) => keyState(key).text,
    cell: ({ row: { original } }) => <KeyStateDot value={original} />,
  },
  { accessorKey: 'role', header: 'Role' },
  {
    id: 'scopes',
    header: 'On',
    accessorFn: ({ scopes }) => formatScopes(scopes),
  },
  {
    accessorKey: 'lastUseTime',
    header: 'Last use',
    cell: ({ row: { original } }) => formatAgo(original.lastUseTime),
  },
  {
    accessorKey: 'expireTime',
    header: 'Expires',
    cell: ({ row: { original } }) =>
      original.expireTime === '' ? 'never' : formatMoment(original.expireTime),
  },
  {
    accessorKey: 'createTime',
    header: 'Made',
    cell: ({ row: { original } }) => formatAgo(original.createTime),
  },
]
