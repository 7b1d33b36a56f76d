/** What of a collection can be changed after it was made. */
import { Button, Group, NumberInput, Stack, Text, TextInput } from '@mantine/core'
import type { CollectionChange, CollectionInfo } from '@vectron/client'
import { type FormEvent, useState } from 'react'
import { useUpdateCollection } from '../../api/collections.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { formatPlural } from '../../kit/format.ts'
import { PageSection } from '../../kit/page-section.tsx'
import classes from './new-collection-page.module.css'

type Edit = Pick<CollectionChange, 'description' | 'searchReplicas'>

export function SettingsSection({ info }: { readonly info: CollectionInfo }) {
  /** What was typed over what stands there: what others change meanwhile takes nothing from it. */
  const [edit, setEdit] = useState<Edit>({})
  const update = useUpdateCollection(info.name)
  const { description = info.description, searchReplicas = info.searchReplicas } = edit
  const isChanged = description !== info.description || searchReplicas !== info.searchReplicas
  const submit = (event: FormEvent) => {
    event.preventDefault()
    update.mutate(edit, { onSuccess: () => setEdit({}) })
  }
  const { dimension, metric, partitionKey } = info
  const spread =
    `${formatPlural(info.shardCount, 'shard')} ` +
    `of ${formatPlural(info.replicationFactor, 'replica')}`
  const fixed = `${dimension} dimensions, ${metric}, ${spread}, divided by ${partitionKey || 'the id'}`
  return (
    <PageSection title="Settings" about={`Fixed when it was made: ${fixed}.`}>
      <form className={`panel ${classes['step']}`} onSubmit={submit}>
        <Stack gap="md">
          <div className={classes['grid']}>
            <TextInput
              label="Description"
              description="Stands below the name"
              value={description}
              onChange={(event) => setEdit({ ...edit, description: event.currentTarget.value })}
            />
            <NumberInput
              label="Search-only replicas"
              description="Of each shard; each needs a worker"
              min={0}
              max={16}
              allowDecimal={false}
              value={searchReplicas}
              onChange={(value) => setEdit({ ...edit, searchReplicas: Number(value) || 0 })}
            />
          </div>
          {update.isError && <ErrorState error={update.error} />}
          <Group gap="sm">
            <Button type="submit" size="xs" disabled={!isChanged} loading={update.isPending}>
              Save settings
            </Button>
            {update.isSuccess && !isChanged && (
              <Text size="sm" className="quiet" role="status">
                Saved.
              </Text>
            )}
          </Group>
        </Stack>
      </form>
    </PageSection>
  )
}
