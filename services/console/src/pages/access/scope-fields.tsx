/** Scopes of a key: verbs on collections whose names match a pattern. */
import { ActionIcon, Autocomplete, Button, Checkbox, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { KeyScope } from '@vectron/client'
import Plus from 'lucide-react/icons/plus'
import X from 'lucide-react/icons/x'
import { collectionsQuery } from '../../api/collections.ts'
import { PageSection } from '../../kit/page-section.tsx'
import { useProject } from '../../session/project.ts'

type Verb = KeyScope['verbs'][number]
const VERBS: readonly Verb[] = ['read', 'write', 'admin']

export interface ScopeDraft {
  /** Tells rows apart while they are edited. */
  readonly id: number
  readonly collection: string
  readonly verbs: readonly Verb[]
}

/** Without those that name nothing. */
export function toScopes(drafts: readonly ScopeDraft[]): KeyScope[] {
  return drafts
    .filter(({ collection, verbs }) => collection.trim() !== '' && verbs.length > 0)
    .map(({ collection, verbs }) => ({ collection: collection.trim(), verbs }))
}

export interface ScopeFieldsProps {
  readonly scopes: readonly ScopeDraft[]
  readonly onChange: (scopes: readonly ScopeDraft[]) => void
}

export function ScopeFields({ scopes, onChange }: ScopeFieldsProps) {
  const projectId = useProject()?.projectId ?? ''
  const { data: collections = [] } = useQuery(collectionsQuery(projectId))
  const names = collections.map(({ name }) => name)
  const add = () => {
    const id = 1 + Math.max(0, ...scopes.map((scope) => scope.id))
    onChange([...scopes, { id, collection: '', verbs: ['read'] }])
  }
  const change = (changed: ScopeDraft) =>
    onChange(scopes.map((scope) => (scope.id === changed.id ? changed : scope)))
  return (
    <PageSection
      title="Collections"
      about='Narrow what the role allows to collections by name; "*" at the end stands for any rest.'
      actions={
        <Button variant="default" size="xs" leftSection={<Plus size={14} />} onClick={add}>
          Add a scope
        </Button>
      }
    >
      {scopes.length === 0 ? (
        <Text size="sm">All collections of the project, those to come included.</Text>
      ) : (
        <Stack gap="xs">
          {scopes.map((scope) => (
            <ScopeRow
              key={scope.id}
              scope={scope}
              names={names}
              onChange={change}
              onRemove={() => onChange(scopes.filter(({ id }) => id !== scope.id))}
            />
          ))}
        </Stack>
      )}
    </PageSection>
  )
}

interface ScopeRowProps {
  readonly scope: ScopeDraft
  readonly names: readonly string[]
  readonly onChange: (scope: ScopeDraft) => void
  readonly onRemove: () => void
}

function ScopeRow({ scope, names, onChange, onRemove }: ScopeRowProps) {
  const toggle = (verb: Verb, isOn: boolean) =>
    onChange({
      ...scope,
      verbs: VERBS.filter((each) => (each === verb ? isOn : scope.verbs.includes(each))),
    })
  return (
    <Group className="panel" p="xs" gap="md">
      <Autocomplete
        aria-label="Collections of this scope"
        placeholder="shop-*"
        flex="1 1 200px"
        spellCheck={false}
        data={[...names]}
        value={scope.collection}
        onChange={(collection) => onChange({ ...scope, collection })}
      />
      {VERBS.map((verb) => (
        <Checkbox
          key={verb}
          label={verb}
          checked={scope.verbs.includes(verb)}
          onChange={({ currentTarget: { checked } }) => toggle(verb, checked)}
        />
      ))}
      <ActionIcon variant="subtle" color="gray" aria-label="Remove this scope" onClick={onRemove}>
        <X size={16} />
      </ActionIcon>
    </Group>
  )
}
