/** The members of placement and who leads them, and what else takes part: gateways, rerankers. */
import { Stack, Text } from '@mantine/core'
import type { PlacementMemberInfo } from '@vectron/client'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { formatCount, formatPlural } from '../../kit/format.ts'
import { StateDot } from '../../kit/state-dot.tsx'
import { useMay } from '../../session/may.ts'
import { DemoButton } from './demo-button.tsx'
import { nodeAt } from './local-nodes.ts'
import { useShownView } from './shown-view.ts'

export function ControlPlane() {
  const { members, localNodes, gateways, rerankers, load } = useShownView()
  const isDemo = useMay()('operator') && localNodes.length > 0
  if (members.length === 0) {
    return (
      <EmptyState
        title="Placement does not answer"
        text="What is served goes on by the routing that is known. Look after its members."
      />
    )
  }
  return (
    <Stack gap="sm">
      <DataTable
        label="Members of placement"
        columns={isDemo ? COLUMNS_WITH_ACTIONS : COLUMNS}
        rows={members}
        keyOf={({ memberId }) => String(memberId)}
      />
      <Text size="sm" className="quiet">
        {`${formatPlural(Math.max(1, gateways), 'gateway')}; "${load.gateway}" answers here. `}
        {rerankerWords(rerankers)}
      </Text>
    </Stack>
  )
}

function rerankerWords(addresses: readonly string[]): string {
  if (addresses.length === 0) return 'No reranker runs.'
  return `${formatPlural(addresses.length, 'reranker')}: ${addresses.join(', ')}.`
}

const COLUMNS: readonly Column<PlacementMemberInfo>[] = [
  {
    accessorKey: 'memberId',
    header: 'Member',
    cell: ({ row: { original } }) => `placement ${original.memberId}`,
  },
  {
    id: 'role',
    header: 'Role',
    accessorFn: ({ leader }) => (leader ? 'leader' : 'follower'),
  },
  {
    id: 'state',
    header: 'State',
    accessorFn: ({ active }) => (active ? 'up' : 'not heard of'),
    cell: ({ row: { original } }) => (
      <StateDot tone={original.active ? 'good' : 'bad'}>
        {original.active ? 'up' : 'not heard of'}
      </StateDot>
    ),
  },
  {
    accessorKey: 'address',
    header: 'Address',
    cell: ({ row: { original } }) => original.address || '–',
  },
  {
    accessorKey: 'matchIndex',
    header: 'Log index',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatCount(Number(original.matchIndex)),
  },
]

const ACTIONS: Column<PlacementMemberInfo> = {
  id: 'actions',
  header: 'Actions',
  enableSorting: false,
  meta: { align: 'right' },
  cell: ({ row: { original } }) => <Actions member={original} />,
}

const COLUMNS_WITH_ACTIONS = [...COLUMNS, ACTIONS]

function Actions({ member }: { readonly member: PlacementMemberInfo }) {
  const node = nodeAt(useShownView().localNodes, member.address)
  return node !== undefined && <DemoButton node={node} />
}
