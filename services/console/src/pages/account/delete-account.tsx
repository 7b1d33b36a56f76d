/** The end of the account, after the password was given once more. */
import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { vectronOf } from '../../api/client.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { session } from '../../session/session.ts'

export function DeleteAccount() {
  const [isAsking, setAsking] = useState(false)
  return (
    <>
      <Button variant="default" color="red" onClick={() => setAsking(true)}>
        Delete account
      </Button>
      <Modal opened={isAsking} onClose={() => setAsking(false)} title="Delete your account?">
        <Question onClose={() => setAsking(false)} />
      </Modal>
    </>
  )
}

function Question({ onClose }: { readonly onClose: () => void }) {
  const [password, setPassword] = useState('')
  const remove = useMutation({
    mutationFn: async () => {
      await vectronOf('').account.remove(password)
      await session.logOut('this')
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    remove.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text>
          It cannot be taken back. Projects that you have alone are deleted with it; it is refused
          while you are the last owner of one with other members.
        </Text>
        <PasswordInput
          label="Your password"
          autoComplete="current-password"
          required
          data-autofocus
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {remove.error !== null && <ErrorState error={remove.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color="red" loading={remove.isPending} disabled={password === ''}>
            Delete account
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
