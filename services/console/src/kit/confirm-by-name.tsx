/** Asks for what cannot be undone: the person types the name of what will be gone. */
import { Button, Code, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { ErrorState } from './error-state.tsx'

export interface ConfirmByNameProps {
  readonly opened: boolean
  readonly onClose: () => void
  /** "Delete this collection?" */
  readonly title: string
  /** What will be gone, and what will not. */
  readonly children: ReactNode
  /** To be typed. */
  readonly name: string
  /** "Delete collection" */
  readonly action: string
  readonly onConfirm: () => void
  readonly isRunning: boolean
  /** Why the last try failed. */
  readonly error: unknown
}

export function ConfirmByName(props: ConfirmByNameProps) {
  const { opened, onClose, title } = props
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <Question {...props} />
    </Modal>
  )
}

/** Mounted with the dialog, so that nothing typed before is left in it. */
function Question(props: ConfirmByNameProps) {
  const { children, name, action, onConfirm, onClose, isRunning, error } = props
  const [typed, setTyped] = useState('')
  const isRight = typed === name
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isRight) onConfirm()
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text component="div">{children}</Text>
        <TextInput
          label={
            <>
              Type <Code>{name}</Code> to confirm
            </>
          }
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
        {error !== null && error !== undefined && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color="red" disabled={!isRight} loading={isRunning}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
