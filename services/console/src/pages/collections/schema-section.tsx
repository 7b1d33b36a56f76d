/** The payload fields: which there are, of which type, and which the schema declares. */
import { Alert, Autocomplete, Button, Group, Modal, Select, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { CollectionInfo, FieldStats, FieldType } from '@vectron/client'
import Plus from 'lucide-react/icons/plus'
import { type FormEvent, useState } from 'react'
import { useUpdateCollection } from '../../api/collections.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { useMay } from '../../session/may.ts'
import { FieldTable } from './collection-tables.tsx'
import { FIELD_TYPES } from './field-types.ts'

export interface SchemaSectionProps {
  readonly info: CollectionInfo
  readonly fields: readonly FieldStats[]
}

export function SchemaSection({ info, fields }: SchemaSectionProps) {
  const may = useMay()
  const [isOpen, dialog] = useDisclosure(false)
  return (
    <PageSection
      title="Payload fields"
      about="Every field that points have is indexed for filters, in the type that its values have."
      actions={
        may('admin') && (
          <Button
            size="xs"
            variant="default"
            leftSection={<Plus size={14} />}
            onClick={dialog.open}
          >
            Declare a field
          </Button>
        )
      }
    >
      <FieldTable fields={withDeclared(info, fields)} />
      <Modal opened={isOpen} onClose={dialog.close} title="Declare a payload field">
        <DeclareForm info={info} fields={fields} onClose={dialog.close} />
      </Modal>
    </PageSection>
  )
}

/** Declared fields that no point has yet are shown, too. */
function withDeclared(
  { payloadSchema }: CollectionInfo,
  fields: readonly FieldStats[],
): readonly FieldStats[] {
  const seen = new Set(fields.map(({ field }) => field))
  const unseen = Object.entries(payloadSchema).filter(([field]) => !seen.has(field))
  const nothing = { declared: true, pointsCount: 0, distinctValues: 0, memoryBytes: 0 }
  return [...fields, ...unseen.map(([field, type]) => ({ field, type, ...nothing }))]
}

interface DeclareFormProps extends SchemaSectionProps {
  readonly onClose: () => void
}

function DeclareForm({ info, fields, onClose }: DeclareFormProps) {
  const [field, setField] = useState('')
  const [type, setType] = useState<FieldType>('keyword')
  const update = useUpdateCollection(info.name)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    update.mutate({ payloadSchema: { [field]: type } }, { onSuccess: onClose })
  }
  const undeclared = fields.filter(({ declared }) => !declared)
  const choose = (name: string) => {
    setField(name)
    const [seen, ...others] = undeclared.filter((one) => one.field === name)
    if (others.length > 0 || seen === undefined || seen.type === 'unspecified') return
    setType(seen.type)
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text size="sm" className="quiet">
          Points whose value has another type are refused from then on.
        </Text>
        <Autocomplete
          label="Field"
          required
          data-autofocus
          autoComplete="off"
          spellCheck={false}
          data={[...new Set(undeclared.map((one) => one.field))]}
          value={field}
          onChange={choose}
        />
        <Select
          label="Type"
          allowDeselect={false}
          data={FIELD_TYPES}
          value={type}
          onChange={(next) => setType(next as FieldType)}
        />
        <Alert color="yellow" variant="light">
          A declared field stays: neither it nor its type can be changed later.
        </Alert>
        {update.isError && <ErrorState error={update.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={field === ''} loading={update.isPending}>
            Declare field
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
