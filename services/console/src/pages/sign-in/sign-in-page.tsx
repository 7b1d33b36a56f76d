/** Sign in by address and password; says how to get in where there is no password yet. */
import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { ErrorState } from '../../kit/error-state.tsx'
import { TextLink } from '../../kit/links.tsx'
import { session } from '../../session/session.ts'
import { useSession } from '../../session/use-session.ts'
import { Door } from './door.tsx'
import { signInRoute } from './routes.ts'

export function SignInPage() {
  const { next } = signInRoute.useSearch()
  const state = useSession()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const signIn = useMutation({
    mutationFn: () => session.enter({ kind: 'login', email, password }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate()
  }
  const why = signIn.error ?? (state.kind === 'signed-out' ? state.why : undefined)
  return (
    <Door title="Sign in" next={next}>
      {why !== undefined && why !== null && <ErrorState error={why} />}
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Email"
            type="email"
            autoComplete="username"
            required
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" mt="xs" loading={signIn.isPending} fullWidth>
            Sign in
          </Button>
        </Stack>
      </form>
      <Text className="quiet" size="sm">
        At the first start, Vectron prints a link that signs its owner in once. Later starts print a
        new one until the owner has a password.
      </Text>
      <Text size="sm">
        No account yet?{' '}
        <TextLink to="/register" search={next === undefined ? {} : { next }} underline="always">
          Register
        </TextLink>
      </Text>
    </Door>
  )
}
