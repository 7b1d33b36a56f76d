/** What of a collection can be changed after it was made. */
import { Button, Group, NumberInput, Stack, Text, TextInput } from '@mantine/core'
import type { CollectionInfo } from '@vectron/client'
import { type FormEvent, useState } from 'react'
import { useUpdateCollection } from '../../api/collections.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import classes from './new-collection-page.module.css'

export function SettingsSection({ info }: { readonly info: CollectionInfo }) {
  const [description, setDescription] = useState(info.description)
  const [searchReplicas, setSearchReplicas] = useState(info.searchReplicas)
  const update = useUpdateCollection(info.name)
  const change = {
    ...(description === info.description ? {} : { description }),
    ...(searchReplicas === info.searchReplicas ? {} : { searchReplicas }),
  }
  const isChanged = Object.keys(change).length > 0
  const submit = (event: FormEvent) => {
    event.preventDefault()
    update.mutate(change)
  }
  const fixed = `${info.dimension} dimensions, ${info.metric}, ${info.shardCount} shards of
    ${info.replicationFactor} replicas, divided by ${info.partitionKey || 'the id'}`
  return (
    <PageSection title="Settings" about={`Fixed when it was made: ${fixed}.`}>
      <form className={`panel ${classes['step']}`} onSubmit={submit}>
        <Stack gap="md">
          <div className={classes['grid']}>
            <TextInput
              label="Description"
              value={description}
              onChange={(event) => setDescription(event.currentTarget.value)}
            />
            <NumberInput
              label="Search-only replicas"
              description="Of each shard; each needs a worker"
              min={0}
              max={16}
              allowDecimal={false}
              value={searchReplicas}
              onChange={(value) => setSearchReplicas(Number(value) || 0)}
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
