/** The payload fields that a new collection declares. */
import { ActionIcon, Button, Group, Select, Stack, TextInput } from '@mantine/core'
import type { FieldType } from '@vectron/client'
import Plus from 'lucide-react/icons/plus'
import X from 'lucide-react/icons/x'
import { FIELD_TYPES } from './field-types.ts'

export interface DeclaredField {
  readonly key: number
  readonly field: string
  readonly type: FieldType
}

export interface SchemaFieldsProps {
  readonly fields: readonly DeclaredField[]
  readonly onChange: (fields: readonly DeclaredField[]) => void
}

export function SchemaFields({ fields, onChange }: SchemaFieldsProps) {
  const put = (row: DeclaredField) =>
    onChange(fields.map((one) => (one.key === row.key ? row : one)))
  const add = () => {
    const key = 1 + Math.max(0, ...fields.map((one) => one.key))
    onChange([...fields, { key, field: '', type: 'keyword' }])
  }
  return (
    <Stack gap="xs" align="flex-start">
      {fields.map((row, index) => (
        <Group key={row.key} gap="xs">
          <TextInput
            aria-label={`Field ${index + 1}`}
            placeholder="field"
            autoComplete="off"
            spellCheck={false}
            value={row.field}
            onChange={(event) => put({ ...row, field: event.currentTarget.value })}
          />
          <Select
            aria-label={`Type of field ${index + 1}`}
            w={250}
            allowDeselect={false}
            data={FIELD_TYPES}
            value={row.type}
            onChange={(type) => put({ ...row, type: type as FieldType })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove field ${index + 1}`}
            onClick={() => onChange(fields.filter(({ key }) => key !== row.key))}
          >
            <X size={15} />
          </ActionIcon>
        </Group>
      ))}
      <Button size="xs" variant="default" leftSection={<Plus size={14} />} onClick={add}>
        Add field
      </Button>
    </Stack>
  )
}
