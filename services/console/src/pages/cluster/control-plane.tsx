/** The members of placement, and who leads them. */
import type { ClusterView, PlacementMemberInfo } from '@vectron/client'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { formatCount } from '../../kit/format.ts'
import { StateDot } from '../../kit/state-dot.tsx'

export function ControlPlane({ view }: { readonly view: ClusterView }) {
  return (
    <DataTable
      label="Members of placement"
      columns={COLUMNS}
      rows={view.members}
      keyOf={({ memberId }) => String(memberId)}
    />
  )
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
  { accessorKey: 'address', header: 'Address' },
  {
    accessorKey: 'matchIndex',
    header: 'Log index',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatCount(Number(original.matchIndex)),
  },
]
