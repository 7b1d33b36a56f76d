/** One point at the side of the table: its payload, its vector, what is like it, and its end. */
import { ActionIcon, Group, Tabs, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import type { CollectionInfo, Filter } from '@vectron/client'
import Trash from 'lucide-react/icons/trash-2'
import X from 'lucide-react/icons/x'
import { type KeyboardEvent, useEffect, useRef } from 'react'
import { type CollectionKey, pointQuery, useDeletePoints } from '../../api/points.ts'
import { ConfirmDialog } from '../../kit/confirm-dialog.tsx'
import { CopyButton } from '../../kit/copy-button.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { formatMoment } from '../../kit/format.ts'
import { QueryState } from '../../kit/query-state.tsx'
import { useMay } from '../../session/may.ts'
import { PayloadEditor } from './payload-editor.tsx'
import classes from './point-panel.module.css'
import { SimilarPoints } from './similar-points.tsx'
import { VectorFacts } from './vector-facts.tsx'

export interface PointPanelProps {
  readonly collection: CollectionKey
  readonly info: CollectionInfo
  readonly id: string
  /** Of the table; similar points may be sought among those alone. */
  readonly filter: Filter | undefined
  readonly onClose: () => void
  /** Shows another point. */
  readonly onOpen: (id: string) => void
  readonly onSaved: () => void
  readonly onDeleted: () => void
}

export function PointPanel(props: PointPanelProps) {
  const { collection, info, id, filter, onClose, onOpen, onSaved } = props
  const point = useQuery(pointQuery(collection, id))
  const panel = useRef<HTMLElement>(null)
  useEffect(() => panel.current?.focus({ preventScroll: true }), [])
  const close = () => {
    onClose()
    document.querySelector<HTMLElement>('[role=grid]')?.focus()
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return
    // Escape of a dialog or a list in here is for that alone.
    if (event.target instanceof Element && panel.current?.contains(event.target)) close()
  }
  return (
    <section
      ref={panel}
      className={`panel ${classes['panel']}`}
      aria-label={`Point ${id}`}
      tabIndex={-1}
      onKeyDown={onKey}
    >
      <Group wrap="nowrap" align="flex-start" gap="xs" mb="xs">
        <div className={classes['name']}>
          <Title order={2} className={classes['id']}>
            {id}
          </Title>
          <Text size="xs" className="quiet">
            {point.data && `version ${point.data.version}`}
            {point.data?.expireTime && `, until ${formatMoment(point.data.expireTime)}`}
          </Text>
        </div>
        <CopyButton text={id} label="Copy the id" />
        {point.data && <DeletePoint {...props} />}
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Close" onClick={close}>
          <X size={16} />
        </ActionIcon>
      </Group>
      <QueryState query={point} />
      {point.data === null && (
        <EmptyState
          title="There is no such point"
          text="It was deleted or has expired since the table was read."
        />
      )}
      {point.data && (
        <Tabs defaultValue="payload" keepMounted={false}>
          <Tabs.List mb="sm">
            <Tabs.Tab value="payload">Payload</Tabs.Tab>
            <Tabs.Tab value="vector">Vector</Tabs.Tab>
            <Tabs.Tab value="similar">Similar</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="payload" keepMounted>
            <PayloadEditor collection={collection} point={point.data} onSaved={onSaved} />
          </Tabs.Panel>
          <Tabs.Panel value="vector">
            <VectorFacts vector={point.data.vector} />
          </Tabs.Panel>
          <Tabs.Panel value="similar">
            <SimilarPoints
              collection={collection}
              metric={info.metric}
              id={id}
              filter={filter}
              onOpen={onOpen}
            />
          </Tabs.Panel>
        </Tabs>
      )}
    </section>
  )
}

function DeletePoint({ collection, id, onDeleted }: PointPanelProps) {
  const may = useMay()
  const [isOpen, dialog] = useDisclosure(false)
  const remove = useDeletePoints(collection)
  if (!may('write')) return null
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label="Delete this point"
        onClick={dialog.open}
      >
        <Trash size={15} />
      </ActionIcon>
      <ConfirmDialog
        tone="final"
        opened={isOpen}
        onClose={dialog.close}
        title="Delete this point?"
        action="Delete point"
        onConfirm={() => remove.mutate({ ids: [id] }, { onSuccess: onDeleted })}
        isRunning={remove.isPending}
        error={remove.error}
      >
        {id} will be gone from every replica. This cannot be undone.
      </ConfirmDialog>
    </>
  )
}
