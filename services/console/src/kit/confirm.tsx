/** Asks before what cannot be undone and is small; what is large asks for a name. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { ErrorState } from './error-state.tsx'

export interface ConfirmProps {
  readonly opened: boolean
  readonly onClose: () => void
  readonly title: string
  /** What will happen. */
  readonly children: ReactNode
  /** "Delete point" */
  readonly action: string
  readonly onConfirm: () => void
  readonly isRunning: boolean
  /** Why the last try failed. */
  readonly error: unknown
}

export function Confirm(props: ConfirmProps) {
  const { opened, onClose, title, children, action, onConfirm, isRunning, error } = props
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <Stack gap="md">
        <Text component="div">{children}</Text>
        {error !== null && error !== undefined && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button color="red" onClick={onConfirm} loading={isRunning}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
