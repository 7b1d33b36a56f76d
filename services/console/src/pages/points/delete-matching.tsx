/** Deletes all points that match the filter, after their number was typed. */
import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { Filter } from '@vectron/client'
import Trash from 'lucide-react/icons/trash-2'
import { type CollectionKey, useDeletePoints } from '../../api/points.ts'
import { CodeBlock } from '../../kit/code-block.tsx'
import { ConfirmByName } from '../../kit/confirm-by-name.tsx'
import { formatPlural } from '../../kit/format.ts'

export interface DeleteMatchingProps {
  readonly collection: CollectionKey
  readonly filter: Filter
  readonly count: number
}

export function DeleteMatching({ collection, filter, count }: DeleteMatchingProps) {
  const [isOpen, dialog] = useDisclosure(false)
  const remove = useDeletePoints(collection)
  return (
    <>
      <Button variant="default" size="xs" leftSection={<Trash size={14} />} onClick={dialog.open}>
        Delete matching
      </Button>
      <ConfirmByName
        opened={isOpen}
        onClose={dialog.close}
        title="Delete all points that match?"
        name={`delete ${count}`}
        action={`Delete ${formatPlural(count, 'point')}`}
        onConfirm={() => remove.mutate({ filter }, { onSuccess: dialog.close })}
        isRunning={remove.isPending}
        error={remove.error}
      >
        <Text mb="xs">
          {formatPlural(count, 'point')} of {collection.name} match this filter now, and will be
          gone from every replica. Points that come to match meanwhile go, too. This cannot be
          undone.
        </Text>
        <CodeBlock label="the filter" code={JSON.stringify(filter, undefined, 2)} />
      </ConfirmByName>
    </>
  )
}
