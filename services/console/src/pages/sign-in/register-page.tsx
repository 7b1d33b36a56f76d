/** Makes an account with a project of its own, and signs in. */
import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { ErrorState } from '../../kit/error-state.tsx'
import { TextLink } from '../../kit/links.tsx'
import { session } from '../../session/session.ts'
import { Door } from './door.tsx'
import { registerRoute } from './routes.ts'

export function RegisterPage() {
  const { next } = registerRoute.useSearch()
  const [fields, setFields] = useState({ name: '', email: '', password: '' })
  const register = useMutation({
    mutationFn: () => session.enter({ kind: 'register', ...fields }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    register.mutate()
  }
  const bind = (field: keyof typeof fields) => ({
    value: fields[field],
    onChange: (event: { readonly currentTarget: { readonly value: string } }) =>
      setFields({ ...fields, [field]: event.currentTarget.value }),
  })
  return (
    <Door title="Register" next={next}>
      {register.error !== null && <ErrorState error={register.error} />}
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label="Name" autoComplete="name" {...bind('name')} />
          <TextInput label="Email" type="email" autoComplete="email" required {...bind('email')} />
          <PasswordInput
            label="Password"
            description="At least 10 characters"
            autoComplete="new-password"
            required
            minLength={10}
            {...bind('password')}
          />
          <Button type="submit" mt="xs" loading={register.isPending} fullWidth>
            Register
          </Button>
        </Stack>
      </form>
      <Text size="sm">
        Have an account?{' '}
        <TextLink to="/sign-in" search={next === undefined ? {} : { next }} underline="always">
          Sign in
        </TextLink>
      </Text>
    </Door>
  )
}
