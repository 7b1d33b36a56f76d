/** The person's own account: name, password, sessions; projects, and what the chosen one used. */
import { Button, Group, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { vectronOf } from '../../api/client.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import { useProject } from '../../session/project.ts'
import { session } from '../../session/session.ts'
import { useProfile } from '../../session/use-session.ts'
import classes from './account-page.module.css'
import { DeleteAccount } from './delete-account.tsx'
import { Projects } from './projects.tsx'
import { Usage } from './usage.tsx'

export function AccountPage() {
  const project = useProject()
  // Without a password nothing proves who asks for the end.
  const { email } = useProfile()
  return (
    <PageFrame title="Account" about="Who you are here, and how you sign in.">
      <Stack gap="xl">
        <Stack gap="lg">
          <NameForm />
          <PasswordForm />
          <Sessions />
        </Stack>
        <Projects />
        {project !== undefined && <Usage project={project} />}
        {email !== '' && (
          <Section title="The end" text="Of the account and of what it has alone.">
            <DeleteAccount />
          </Section>
        )}
      </Stack>
    </PageFrame>
  )
}

interface SectionProps {
  readonly title: string
  readonly text: string
  readonly children: ReactNode
}

function Section({ title, text, children }: SectionProps) {
  return (
    <section className={`panel ${classes['section']}`} aria-label={title}>
      <div>
        <Title order={2}>{title}</Title>
        <Text className="quiet" size="sm">
          {text}
        </Text>
      </div>
      <div>{children}</div>
    </section>
  )
}

function NameForm() {
  const profile = useProfile()
  const [name, setName] = useState(profile.name)
  const rename = useMutation({
    mutationFn: () => vectronOf('').account.rename(name),
    onSuccess: (changed) => session.updateProfile(changed),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    rename.mutate()
  }
  return (
    <Section title="Name" text="What others of your projects see.">
      <form onSubmit={submit}>
        <Stack gap="sm" align="flex-start">
          <TextInput
            label="Name"
            w="100%"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          {rename.error !== null && <ErrorState error={rename.error} />}
          <Button
            type="submit"
            variant="default"
            loading={rename.isPending}
            disabled={name === profile.name}
          >
            Save
          </Button>
        </Stack>
      </form>
    </Section>
  )
}

function PasswordForm() {
  const { email } = useProfile()
  const hasPassword = email !== ''
  const [fields, setFields] = useState(NO_FIELDS)
  const change = useMutation({
    mutationFn: () => session.enter({ kind: 'password', ...fields }),
    onSuccess: () => setFields(NO_FIELDS),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate()
  }
  const bind = (field: keyof typeof NO_FIELDS) => ({
    required: true,
    value: fields[field],
    onChange: (event: { readonly currentTarget: { readonly value: string } }) =>
      setFields({ ...fields, [field]: event.currentTarget.value }),
  })
  return (
    <Section
      title="Password"
      text={
        hasPassword
          ? 'A new one ends your other sessions.'
          : 'You came by a link that counts once. Choose an address and a password for next time.'
      }
    >
      <form onSubmit={submit}>
        <Stack gap="sm" align="flex-start">
          {!hasPassword && (
            <TextInput
              label="Email"
              type="email"
              autoComplete="email"
              w="100%"
              {...bind('email')}
            />
          )}
          {hasPassword && (
            <PasswordInput
              label="Current password"
              autoComplete="current-password"
              w="100%"
              {...bind('currentPassword')}
            />
          )}
          <PasswordInput
            label="New password"
            description="At least 10 characters"
            autoComplete="new-password"
            minLength={10}
            w="100%"
            {...bind('newPassword')}
          />
          {change.error !== null && <ErrorState error={change.error} />}
          {change.isSuccess && (
            <Text role="status" size="sm">
              Your password is set.
            </Text>
          )}
          <Button type="submit" variant="default" loading={change.isPending}>
            {hasPassword ? 'Change password' : 'Set password'}
          </Button>
        </Stack>
      </form>
    </Section>
  )
}

const NO_FIELDS = { email: '', currentPassword: '', newPassword: '' }

function Sessions() {
  const end = useMutation({ mutationFn: () => session.logOut('everywhere') })
  return (
    <Section title="Sessions" text="On this browser and on every other.">
      <Stack gap="sm" align="flex-start">
        {end.error !== null && <ErrorState error={end.error} />}
        <Group gap="xs">
          <Button variant="default" onClick={() => session.logOut('this')}>
            Log out
          </Button>
          <Button
            variant="default"
            color="red"
            loading={end.isPending}
            onClick={() => end.mutate()}
          >
            Log out everywhere
          </Button>
        </Group>
      </Stack>
    </Section>
  )
}
