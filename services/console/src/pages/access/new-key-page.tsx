/**
 * Makes an API key: what it may do, on what, on which rows, until when. Its text is shown once,
 * from the answer, and kept nowhere.
 */
import { Button, Group, Select, Stack, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import type { CreatedApiKey, NewApiKey, Project, Role } from '@vectron/client'
import { type FormEvent, useState } from 'react'
import { useCreateKey } from '../../api/access.ts'
import { EmptyState } from '../../kit/empty-state.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { JsonEditor } from '../../kit/json-editor.tsx'
import { ButtonLink } from '../../kit/links.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { useMay } from '../../session/may.ts'
import { useProject } from '../../session/project.ts'
import { KeyShownOnce } from './key-shown-once.tsx'
import classes from './new-key-page.module.css'
import { RoleSelect } from './role-select.tsx'
import { type ScopeDraft, ScopeFields, toScopes } from './scope-fields.tsx'

interface Draft {
  readonly name: string
  readonly role: Role
  readonly scopes: readonly ScopeDraft[]
  readonly rowRule: string
  readonly lifetime: Lifetime
}

const LIFETIMES = ['7 days', '30 days', '90 days', '1 year', 'never'] as const
type Lifetime = (typeof LIFETIMES)[number]
const DAYS: Readonly<Record<Lifetime, number | undefined>> = {
  '7 days': 7,
  '30 days': 30,
  '90 days': 90,
  '1 year': 365,
  never: undefined,
}
const DAY_MS = 86_400_000

export function NewKeyPage() {
  const project = useProject()
  const may = useMay()
  const [made, setMade] = useState<CreatedApiKey>()
  return (
    <PageFrame
      title="New API key"
      about="For one program. The less it may do, the less is lost with it."
    >
      {made !== undefined && <KeyMade made={made} />}
      {made === undefined && project !== undefined && may('admin') && (
        <KeyForm project={project} onMade={setMade} />
      )}
      {!may('admin') && (
        <EmptyState title="Keys are made by admins" text="Ask an admin of this project for one." />
      )}
    </PageFrame>
  )
}

interface KeyFormProps {
  readonly project: Project
  readonly onMade: (made: CreatedApiKey) => void
}

function KeyForm({ project, onMade }: KeyFormProps) {
  const [draft, setDraft] = useState<Draft>({
    name: '',
    role: 'writer',
    scopes: [],
    rowRule: '',
    lifetime: '90 days',
  })
  const create = useCreateKey()
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate(toNewKey(draft), { onSuccess: onMade })
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="xl" maw={760}>
        <div className={classes['grid']}>
          <TextInput
            label="Name"
            description="The program that will use it"
            required
            maxLength={128}
            autoComplete="off"
            spellCheck={false}
            placeholder="search of the web shop"
            value={draft.name}
            onChange={(event) => change({ name: event.currentTarget.value })}
          />
          <Select
            label="Ends after"
            description="Then it is refused; rotate or replace it before"
            allowDeselect={false}
            data={[...LIFETIMES]}
            value={draft.lifetime}
            onChange={(lifetime) => change({ lifetime: (lifetime ?? 'never') as Lifetime })}
          />
        </div>
        <RoleSelect
          value={draft.role}
          onChange={(role) => change({ role })}
          highest={project.role}
        />
        <ScopeFields scopes={draft.scopes} onChange={(scopes) => change({ scopes })} />
        <PageSection
          title="Rows"
          about="A filter, as searches take it: for this key there are only points that match it. Empty: all."
        >
          <JsonEditor
            label="Row rule"
            value={draft.rowRule}
            onChange={(rowRule) => change({ rowRule })}
            rows={4}
          />
        </PageSection>
        {create.error !== null && <ErrorState error={create.error} />}
        <Group justify="flex-end" gap="xs">
          <ButtonLink to="/access" variant="default">
            Cancel
          </ButtonLink>
          <Button type="submit" loading={create.isPending} disabled={draft.name.trim() === ''}>
            Make key
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function toNewKey({ name, role, scopes, rowRule, lifetime }: Draft): NewApiKey {
  const days = DAYS[lifetime]
  return {
    name: name.trim(),
    role,
    scopes: toScopes(scopes),
    ...(rowRule.trim() === '' ? {} : { rowRule }),
    ...(days === undefined
      ? {}
      : { expireTime: new Date(Date.now() + days * DAY_MS).toISOString() }),
  }
}

function KeyMade({ made }: { readonly made: CreatedApiKey }) {
  const navigate = useNavigate()
  const { keyId } = made.key
  return (
    <Stack gap="lg" maw={760}>
      <KeyShownOnce text={made.text} />
      <Group justify="flex-end" gap="xs">
        <ButtonLink to="/access/keys/$keyId" params={{ keyId }} variant="default">
          Test what it may do
        </ButtonLink>
        <Button onClick={() => navigate({ to: '/access' })}>Done</Button>
      </Group>
    </Stack>
  )
}
