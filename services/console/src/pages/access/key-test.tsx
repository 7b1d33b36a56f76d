/** Would the key be let in with a call, and if not, why: asked of the gateway, nothing is done. */
import { Autocomplete, Group, Loader, Select, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { AccessVerdict, ApiKey } from '@vectron/client'
import Ban from 'lucide-react/icons/ban'
import CircleCheck from 'lucide-react/icons/circle-check'
import { accessQuery } from '../../api/access.ts'
import { collectionsQuery } from '../../api/collections.ts'
import { type ApiOperation, openApiQuery } from '../../api/openapi.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { useProject } from '../../session/project.ts'
import classes from './key-test.module.css'
import { keyRoute } from './routes.ts'

export function KeyTest({ value }: { readonly value: ApiKey }) {
  const { keyId } = value
  const { operation = 'search', collection } = keyRoute.useSearch()
  const navigate = useNavigate()
  const projectId = useProject()?.projectId ?? ''
  const api = useQuery(openApiQuery)
  const { data: collections = [] } = useQuery(collectionsQuery(projectId))
  const names = collections.map(({ name }) => name)
  const chosen = api.data?.operations.find(({ id }) => id === operation)
  const isNamed = chosen !== undefined && namesCollection(chosen)
  const named = isNamed ? (collection ?? names[0] ?? '') : ''
  const ask = (part: { readonly operation?: string; readonly collection?: string }) =>
    navigate({
      to: '/access/keys/$keyId',
      params: { keyId },
      search: { operation, ...(collection === undefined ? {} : { collection }), ...part },
      replace: true,
    })
  return (
    <PageSection
      title="Test this key"
      about="Would it be let in with a call? The call is not made, and the key's text is not needed."
    >
      <Group align="flex-end" gap="sm">
        <Select
          label="Call"
          flex="1 1 260px"
          searchable
          allowDeselect={false}
          nothingFoundMessage="No such call"
          data={groupByService(api.data?.operations ?? [])}
          value={operation}
          onChange={(next) => next !== null && ask({ operation: next })}
        />
        <Autocomplete
          label="Collection or alias"
          flex="1 1 220px"
          spellCheck={false}
          disabled={!isNamed}
          data={names}
          value={named}
          onChange={(next) => ask({ collection: next })}
        />
      </Group>
      {api.isError && <ErrorState error={api.error} onRetry={api.refetch} />}
      {chosen !== undefined && (named !== '' || !isNamed) && (
        <Verdict question={{ keyId, operation, collection: named }} />
      )}
    </PageSection>
  )
}

/** As the gateway takes them: those of which the path names one, or the body of what makes one. */
export function namesCollection({ id, path }: ApiOperation): boolean {
  return path.includes('{collection}') || id === 'createCollection' || id === 'updateAliases'
}

interface VerdictProps {
  readonly question: {
    readonly keyId: string
    readonly operation: string
    readonly collection: string
  }
}

function Verdict({ question }: VerdictProps) {
  const projectId = useProject()?.projectId ?? ''
  const verdict = useQuery(accessQuery(projectId, question))
  if (verdict.isPending) return <Loader size="xs" type="dots" mt="md" aria-busy />
  if (verdict.isError) return <ErrorState error={verdict.error} onRetry={verdict.refetch} />
  return <Shown verdict={verdict.data} question={question} />
}

function Shown({ verdict, question }: VerdictProps & { readonly verdict: AccessVerdict }) {
  const { allowed, message, reason, notes } = verdict
  const { operation, collection } = question
  const call = collection === '' ? operation : `${operation} on ${collection}`
  return (
    <output className={classes['verdict']} data-allowed={allowed}>
      {allowed ? <CircleCheck size={18} /> : <Ban size={18} />}
      <div className={classes['words']}>
        <Text fw={600}>{allowed ? `It would be let in: ${call}` : `Refused: ${call}`}</Text>
        {!allowed && (
          <Text size="sm">
            {message} <span className="quiet">{reason}</span>
          </Text>
        )}
        {notes.map((note) => (
          <Text key={note} size="sm">
            {note}
          </Text>
        ))}
      </div>
    </output>
  )
}

/** For the choice of an operation: under its service, by its name. */
export function groupByService(operations: readonly ApiOperation[]) {
  const groups = Map.groupBy(operations, ({ service }) => service)
  return [...groups].map(([group, own]) => ({
    group,
    items: own.map(({ id }) => ({ value: id, label: id })),
  }))
}
