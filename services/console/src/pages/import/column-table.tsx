/** Each column of the file: what it becomes, and of which type. */
import { Select, Text } from '@mantine/core'
import type { FieldType } from '@vectron/client'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import type { DraftColumn, ImportDraft } from './import-draft.ts'
import type { ColumnRole } from './reading/mapping.ts'

export interface ColumnTableProps {
  readonly draft: ImportDraft
  readonly change: (part: Partial<ImportDraft>) => void
  readonly hasEmbedder: boolean
}

const ROLES: readonly { readonly value: ColumnRole; readonly label: string }[] = [
  { value: 'id', label: 'the id' },
  { value: 'vector', label: 'the vector' },
  { value: 'text', label: 'the text to embed' },
  { value: 'payload', label: 'a payload field' },
  { value: 'fields', label: 'payload fields, by its keys' },
  { value: 'skip', label: 'left out' },
]
/** At most one column has such a role. */
const SINGLE: readonly ColumnRole[] = ['id', 'vector', 'text']
const TYPES: readonly FieldType[] = ['keyword', 'integer', 'float', 'bool', 'datetime']

export function ColumnTable({ draft, change, hasEmbedder }: ColumnTableProps) {
  const put = (column: string, part: Partial<DraftColumn>) =>
    change({
      columns: draft.columns.map((one) => {
        if (one.column === column) return { ...one, ...part }
        const gives =
          part.role !== undefined && SINGLE.includes(part.role) && one.role === part.role
        // A vector takes the place of a text to embed, and the other way round.
        const clashes = CLASHING[part.role ?? 'skip'] === one.role
        return gives || clashes ? { ...one, role: 'payload' } : one
      }),
    })
  const columns: readonly Column<DraftColumn>[] = [
    { accessorKey: 'column', header: 'Column', enableSorting: false },
    {
      id: 'role',
      header: 'Becomes',
      cell: ({ row: { original } }) => (
        <Select
          size="xs"
          w={210}
          aria-label={`What ${original.column} becomes`}
          allowDeselect={false}
          data={ROLES.filter(({ value }) => isOffered(value, original, hasEmbedder))}
          value={original.role}
          onChange={(role) => put(original.column, { role: role as ColumnRole })}
        />
      ),
    },
    {
      id: 'type',
      header: 'Type',
      cell: ({ row: { original } }) => (
        <TypeCell column={original} onType={(type) => put(original.column, { type })} />
      ),
    },
  ]
  return (
    <DataTable
      label="Columns"
      columns={columns}
      rows={draft.columns}
      keyOf={({ column }) => column}
    />
  )
}

const CLASHING: Readonly<Partial<Record<ColumnRole, ColumnRole>>> = {
  vector: 'text',
  text: 'vector',
}

function isOffered(role: ColumnRole, { dimension }: DraftColumn, hasEmbedder: boolean): boolean {
  if (role === 'text') return hasEmbedder
  return role !== 'vector' || dimension !== undefined
}

interface TypeCellProps {
  readonly column: DraftColumn
  readonly onType: (type: FieldType | undefined) => void
}

function TypeCell({ column: { column, role, type, dimension }, onType }: TypeCellProps) {
  if (role === 'vector') return <Text size="sm">{dimension} dimensions</Text>
  if (role !== 'payload') return null
  return (
    <Select
      size="xs"
      w={130}
      aria-label={`Type of ${column}`}
      placeholder="as it is"
      clearable
      data={TYPES}
      value={type ?? null}
      onChange={(next) => onType((next as FieldType | null) ?? undefined)}
    />
  )
}
