/** The choice of a role, with what each may do. */
import { Select } from '@mantine/core'
import type { Role } from '@vectron/client'

const ROLES: readonly Role[] = ['reader', 'writer', 'admin', 'owner']

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  reader: 'reads, searches and counts',
  writer: 'also writes points',
  admin: 'also makes collections and API keys',
  owner: 'also decides on members, the plan and the end of the project',
}

/** Nobody gives more than they have. */
export function rolesUpTo(highest: Role): readonly Role[] {
  return ROLES.slice(0, ROLES.indexOf(highest) + 1)
}

export interface RoleSelectProps {
  readonly value: Role
  readonly onChange: (role: Role) => void
  readonly highest: Role
}

export function RoleSelect({ value, onChange, highest }: RoleSelectProps) {
  return (
    <Select
      label="Role"
      description={`A ${value} ${ROLE_WORDS[value]}.`}
      allowDeselect={false}
      data={rolesUpTo(highest).map((role) => ({ value: role, label: role }))}
      value={value}
      onChange={(role) => {
        if (role !== null) onChange(role as Role)
      }}
    />
  )
}
