/** The aliases of a collection: made, pointed to another collection, taken away. */
import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import type { Alias } from '@vectron/client'
import Plus from 'lucide-react/icons/plus'
import { type FormEvent, useState } from 'react'
import { aliasesQuery, collectionsQuery, useUpdateAliases } from '../../api/collections.ts'
import { ConfirmDialog } from '../../kit/confirm-dialog.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { QueryState } from '../../kit/query-state.tsx'
import { useMay } from '../../session/may.ts'
import { useProject } from '../../session/project.ts'

export function AliasSection({ collection }: { readonly collection: string }) {
  const projectId = useProject()?.projectId ?? ''
  const may = useMay()
  const aliases = useQuery(aliasesQuery(projectId, collection))
  const [isOpen, dialog] = useDisclosure(false)
  return (
    <PageSection
      title="Aliases"
      about="Second names, which requests may use; pointed to another collection at once."
      actions={
        may('admin') && (
          <Button
            size="xs"
            variant="default"
            leftSection={<Plus size={14} />}
            onClick={dialog.open}
          >
            New alias
          </Button>
        )
      }
    >
      <QueryState query={aliases} rows={1} />
      {aliases.data?.length === 0 && (
        <EmptyState
          title="No aliases"
          text="Let programs ask for an alias, and switch it when the next version of the data is ready."
        />
      )}
      <Stack gap="xs">
        {aliases.data?.map((alias) => (
          <AliasRow key={alias.alias} alias={alias} mayChange={may('admin')} />
        ))}
      </Stack>
      <Modal opened={isOpen} onClose={dialog.close} title="New alias">
        <NewAlias collection={collection} onClose={dialog.close} />
      </Modal>
    </PageSection>
  )
}

function NewAlias({ collection, onClose }: { collection: string; onClose: () => void }) {
  const [alias, setAlias] = useState('')
  const update = useUpdateAliases()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    update.mutate({ create: { alias, collection } }, { onSuccess: onClose })
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          label="Alias"
          description={`Points to ${collection}`}
          required
          data-autofocus
          autoComplete="off"
          spellCheck={false}
          value={alias}
          onChange={(event) => setAlias(event.currentTarget.value)}
        />
        {update.isError && <ErrorState error={update.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={alias === ''} loading={update.isPending}>
            Create alias
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function AliasRow({ alias, mayChange }: { readonly alias: Alias; readonly mayChange: boolean }) {
  const [isSwitching, switching] = useDisclosure(false)
  const [isDeleting, deleting] = useDisclosure(false)
  const remove = useUpdateAliases()
  return (
    <Group className="panel" justify="space-between" px="md" py={8} gap="xs">
      <Text fw={500} style={{ overflowWrap: 'anywhere' }}>
        {alias.alias}
      </Text>
      {mayChange && (
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={switching.open}>
            Switch
          </Button>
          <Button size="xs" variant="default" onClick={deleting.open}>
            Delete
          </Button>
        </Group>
      )}
      <Modal opened={isSwitching} onClose={switching.close} title={`Switch ${alias.alias}`}>
        <SwitchAlias alias={alias} onClose={switching.close} />
      </Modal>
      <ConfirmDialog
        tone="final"
        opened={isDeleting}
        onClose={deleting.close}
        title={`Delete the alias ${alias.alias}?`}
        action="Delete alias"
        onConfirm={() => remove.mutate({ delete: { alias: alias.alias } })}
        isRunning={remove.isPending}
        error={remove.error}
      >
        The collection {alias.collection} stays. Requests that name the alias fail from then on.
      </ConfirmDialog>
    </Group>
  )
}

function SwitchAlias({ alias, onClose }: { readonly alias: Alias; readonly onClose: () => void }) {
  const projectId = useProject()?.projectId ?? ''
  const collections = useQuery(collectionsQuery(projectId))
  const [to, setTo] = useState<string | null>(null)
  const update = useUpdateAliases()
  const others = (collections.data ?? []).filter(({ name }) => name !== alias.collection)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (to === null) return
    update.mutate({ switch: { alias: alias.alias, collection: to } }, { onSuccess: onClose })
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Select
          label="To the collection"
          description={`Now it points to ${alias.collection}`}
          searchable
          data-autofocus
          nothingFoundMessage="There is no other collection"
          data={others.map(({ name }) => name)}
          value={to}
          onChange={setTo}
        />
        {update.isError && <ErrorState error={update.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={to === null} loading={update.isPending}>
            Switch alias
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
