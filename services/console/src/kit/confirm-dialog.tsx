/** Asks before something is done; what is large and final asks for its name (ConfirmByName). */
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { ErrorState } from './error-state.tsx'

export interface ConfirmDialogProps {
  readonly opened: boolean
  readonly onClose: () => void
  /** "Drain worker 3?" */
  readonly title: string
  /** What will happen, and how it is taken back, or that it cannot be. */
  readonly children: ReactNode
  /** "Drain worker" */
  readonly action: string
  /**
   * `danger`: something stops serving. `final`: it cannot be undone, so that the keys begin at
   * Cancel. Default `plain`.
   */
  readonly tone?: 'plain' | 'danger' | 'final'
  readonly onConfirm: () => void
  readonly isRunning: boolean
  /** What is missing yet. Default: nothing. */
  readonly isIncomplete?: boolean
  /** Why the last try failed. */
  readonly error: unknown
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { opened, onClose, title, children, action, tone = 'plain', error } = props
  const isFinal = tone === 'final'
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <Stack gap="md">
        <Text component="div">{children}</Text>
        {error !== null && error !== undefined && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus={isFinal || undefined}>
            Cancel
          </Button>
          <Button
            {...(tone === 'plain' ? {} : { color: 'red' })}
            onClick={props.onConfirm}
            loading={props.isRunning}
            disabled={props.isIncomplete ?? false}
            data-autofocus={!isFinal || undefined}
          >
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
