/** The members of the project: who they are, their roles, and who is added. */
import { ActionIcon, Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Member, Project, Role } from '@vectron/client'
import Trash from 'lucide-react/icons/trash-2'
import UserPlus from 'lucide-react/icons/user-plus'
import { type FormEvent, useMemo, useState } from 'react'
import { membersQuery, useRemoveMember, useSetMember } from '../../api/access.ts'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { formatPlural } from '../../kit/format.ts'
import { PageSection } from '../../kit/page-section.tsx'
import { Rows } from '../../kit/page-waiting.tsx'
import { useMay } from '../../session/may.ts'
import { useProfile } from '../../session/use-session.ts'
import { RoleSelect, rolesUpTo } from './role-select.tsx'

export function MemberList({ project }: { readonly project: Project }) {
  const members = useQuery(membersQuery(project.projectId))
  const mayManage = useMay()('admin')
  const [isAdding, setAdding] = useState(false)
  if (members.isPending) return <Rows />
  if (members.isError) return <ErrorState error={members.error} onRetry={members.refetch} />
  return (
    <PageSection
      title={formatPlural(members.data.length, 'member')}
      about="People who sign in; programs have keys."
      actions={
        mayManage && (
          <Button
            variant="default"
            leftSection={<UserPlus size={16} />}
            onClick={() => setAdding(true)}
          >
            Add a member
          </Button>
        )
      }
    >
      <MemberTable members={members.data} project={project} mayManage={mayManage} />
      <Modal opened={isAdding} onClose={() => setAdding(false)} title="Add a member">
        <AddMember project={project} onDone={() => setAdding(false)} />
      </Modal>
    </PageSection>
  )
}

interface MemberTableProps {
  readonly members: readonly Member[]
  readonly project: Project
  readonly mayManage: boolean
}

function MemberTable({ members, project, mayManage }: MemberTableProps) {
  const own = useProfile()
  const setMember = useSetMember()
  const [leaving, setLeaving] = useState<Member>()
  const isChanging = setMember.isPending
  const change = setMember.mutate
  const owners = members.filter(({ role }) => role === 'owner').length
  const columns = useMemo((): readonly Column<Member>[] => {
    // Nobody gives or takes a role above their own.
    const isMine = ({ role }: Member) => mayManage && rolesUpTo(project.role).includes(role)
    // A project always has an owner.
    const mayLeave = ({ role }: Member) => role !== 'owner' || owners > 1
    return [
      {
        id: 'name',
        header: 'Name',
        accessorFn: nameOf,
        cell: ({ row: { original } }) => (
          <>
            {nameOf(original)}
            {original.userId === own.userId && <span className="quiet"> (you)</span>}
          </>
        ),
      },
      { accessorKey: 'email', header: 'Email', cell: (cell) => cell.getValue() || '–' },
      {
        accessorKey: 'role',
        header: 'Role',
        cell: ({ row: { original } }) =>
          isMine(original) && original.email !== '' ? (
            <Select
              aria-label={`Role of ${nameOf(original)}`}
              size="xs"
              w={110}
              allowDeselect={false}
              disabled={isChanging}
              data={rolesUpTo(project.role).map((role) => ({ value: role, label: role }))}
              value={original.role}
              onChange={(role) => {
                if (role !== null) change({ email: original.email, role: role as Role })
              }}
            />
          ) : (
            original.role
          ),
      },
      {
        id: 'remove',
        header: '',
        enableSorting: false,
        meta: { align: 'right' },
        cell: ({ row: { original } }) =>
          isMine(original) &&
          mayLeave(original) && (
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Remove ${nameOf(original)}`}
              onClick={() => setLeaving(original)}
            >
              <Trash size={15} />
            </ActionIcon>
          ),
      },
    ]
  }, [own.userId, project.role, mayManage, owners, isChanging, change])
  return (
    <Stack gap="sm">
      {setMember.error !== null && <ErrorState error={setMember.error} />}
      <DataTable
        label="Members"
        columns={mayManage ? columns : columns.slice(0, -1)}
        rows={members}
        keyOf={({ userId }) => userId}
      />
      <Modal
        opened={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title="Remove this member?"
      >
        {leaving !== undefined && (
          <RemoveMember member={leaving} project={project} onDone={() => setLeaving(undefined)} />
        )}
      </Modal>
    </Stack>
  )
}

interface AddMemberProps {
  readonly project: Project
  readonly onDone: () => void
}

function AddMember({ project, onDone }: AddMemberProps) {
  const add = useSetMember()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('reader')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate({ email, role }, { onSuccess: onDone })
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          label="Email"
          description="Of an account that exists: people register at this address first."
          type="email"
          required
          data-autofocus
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <RoleSelect value={role} onChange={setRole} highest={project.role} />
        {add.error !== null && <ErrorState error={add.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Button type="submit" loading={add.isPending}>
            Add
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

interface RemoveMemberProps extends AddMemberProps {
  readonly member: Member
}

function RemoveMember({ member, project, onDone }: RemoveMemberProps) {
  const remove = useRemoveMember()
  return (
    <Stack gap="md">
      <Text>
        {nameOf(member)} may do nothing more in {project.name}, at once. Keys that they made stay:
        revoke those that should end too.
      </Text>
      {remove.error !== null && <ErrorState error={remove.error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onDone}>
          Cancel
        </Button>
        <Button
          color="red"
          loading={remove.isPending}
          onClick={() => remove.mutate(member.userId, { onSuccess: onDone })}
        >
          Remove
        </Button>
      </Group>
    </Stack>
  )
}

function nameOf({ name, email, userId }: Member): string {
  return name || email || userId
}
