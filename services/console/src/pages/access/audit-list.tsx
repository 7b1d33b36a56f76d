/** Who did what: the audit log, newest first, with its filters in the address. */
import { Button, Group, Select, Switch, Text, TextInput, Tooltip } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { AuditEntry, Project } from '@vectron/client'
import ScrollText from 'lucide-react/icons/scroll-text'
import { useMemo, useState } from 'react'
import { type AuditFilter, auditQuery, keysQuery, membersQuery } from '../../api/access.ts'
import { CopyButton } from '../../kit/copy-button.tsx'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { formatAgo, formatMoment } from '../../kit/format.ts'
import { QueryState } from '../../kit/query-state.tsx'
import { StateDot } from '../../kit/state-dot.tsx'
import { useMay } from '../../session/may.ts'
import { type AccessSearch, AUDIT_SPANS, accessRoute } from './routes.ts'

/** Milliseconds in which somebody who types is taken not to have finished. */
const TYPING_MS = 300

export function AuditList({ project: { projectId } }: { readonly project: Project }) {
  const search = accessRoute.useSearch()
  const pages = useInfiniteQuery(auditQuery(projectId, useFilter(search)))
  const columns = useColumns(projectId)
  const entries = pages.data?.pages.flatMap((page) => page.entries) ?? []
  const missing = new Set(pages.data?.pages.flatMap((page) => page.missing))
  return (
    <>
      <Filters projectId={projectId} />
      <QueryState query={pages} />
      {missing.size > 0 && (
        <Text size="sm" className="quiet" mb="sm" role="status">
          Not among these are the entries of {[...missing].join('; of ')}
        </Text>
      )}
      {pages.data !== undefined && entries.length === 0 && (
        <Nothing kept={pages.data.pages.at(-1)?.kept ?? false} />
      )}
      {entries.length > 0 && (
        <DataTable
          label="Audit entries"
          columns={columns}
          rows={entries}
          keyOf={({ time, requestId, action, subject }) => time + requestId + action + subject}
        />
      )}
      {pages.hasNextPage && (
        <Group justify="center" mt="md">
          <Button
            variant="default"
            loading={pages.isFetchingNextPage}
            onClick={() => pages.fetchNextPage()}
          >
            Older entries
          </Button>
        </Group>
      )}
    </>
  )
}

/** The beginning of the span is fixed while it is shown, so that pages belong together. */
function useFilter({ actor, action, subject, result, span, all }: AccessSearch): AuditFilter {
  return useMemo(() => {
    const days = span === undefined ? undefined : AUDIT_SPANS[span]
    return {
      ...(actor === undefined ? {} : { actor }),
      ...(action === undefined ? {} : { action }),
      ...(subject === undefined ? {} : { subject }),
      ...(result === undefined ? {} : { result }),
      ...(all === undefined ? {} : { allProjects: true }),
      ...(days === undefined
        ? {}
        : { since: new Date(Date.now() - days * 86_400_000).toISOString() }),
    }
  }, [actor, action, subject, result, span, all])
}

function Filters({ projectId }: { readonly projectId: string }) {
  const search = accessRoute.useSearch()
  const navigate = useNavigate()
  const may = useMay()
  const names = useNames(projectId)
  const change = (part: { [name in keyof AccessSearch]?: AccessSearch[name] | undefined }) =>
    navigate({ to: '/access', search: { ...search, ...part } as AccessSearch, replace: true })
  return (
    <Group gap="sm" mb="md" align="flex-end">
      <Select
        label="Who"
        placeholder="anybody"
        flex="1 1 150px"
        searchable
        clearable
        data={[...names].map(([value, label]) => ({ value, label }))}
        value={search.actor ?? null}
        onChange={(actor) => change({ actor: actor ?? undefined })}
      />
      <Typed label="Action" initial={search.action} onType={(action) => change({ action })} />
      <Typed label="What" initial={search.subject} onType={(subject) => change({ subject })} />
      <Select
        label="Result"
        placeholder="any"
        flex="1 1 140px"
        clearable
        data={[
          { value: 'ok', label: 'done' },
          { value: 'refused', label: 'refused' },
        ]}
        value={search.result ?? null}
        onChange={(result) => change({ result: (result ?? undefined) as AccessSearch['result'] })}
      />
      <Select
        label="When"
        placeholder="ever"
        flex="1 1 140px"
        clearable
        data={Object.keys(AUDIT_SPANS)}
        value={search.span ?? null}
        onChange={(span) => change({ span: (span ?? undefined) as AccessSearch['span'] })}
      />
      {may('operator') && (
        <Switch
          label="All projects"
          mb={8}
          checked={search.all !== undefined}
          onChange={(event) => change({ all: event.currentTarget.checked ? 'yes' : undefined })}
        />
      )}
    </Group>
  )
}

interface TypedProps {
  readonly label: string
  readonly initial: string | undefined
  readonly onType: (text: string | undefined) => void
}

/** A part of a name; asked for when one pauses. */
function Typed({ label, initial = '', onType }: TypedProps) {
  const [text, setText] = useState(initial)
  const tell = useDebouncedCallback((typed: string) => onType(typed || undefined), TYPING_MS)
  return (
    <TextInput
      label={label}
      placeholder="any"
      flex="1 1 150px"
      spellCheck={false}
      value={text}
      onChange={({ currentTarget: { value } }) => {
        setText(value)
        tell(value)
      }}
    />
  )
}

/** People and keys of the project by their ids. */
function useNames(projectId: string): ReadonlyMap<string, string> {
  const { data: members = [] } = useQuery(membersQuery(projectId))
  const { data: keys = [] } = useQuery(keysQuery(projectId))
  return useMemo(
    () =>
      new Map([
        ...members.map(({ userId, name, email }) => [userId, name || email || userId] as const),
        ...keys.map(({ keyId, name }) => [keyId, `key ${name || keyId}`] as const),
      ]),
    [members, keys],
  )
}

function useColumns(projectId: string): readonly Column<AuditEntry>[] {
  const names = useNames(projectId)
  return useMemo(
    (): readonly Column<AuditEntry>[] => [
      {
        accessorKey: 'time',
        header: 'When',
        cell: ({ row: { original } }) => (
          <Tooltip label={formatMoment(original.time)}>
            <span>{formatAgo(original.time)}</span>
          </Tooltip>
        ),
      },
      {
        id: 'actor',
        header: 'Who',
        accessorFn: ({ actor }) => names.get(actor) ?? (actor || 'nobody known'),
      },
      { accessorKey: 'action', header: 'Action' },
      {
        id: 'subject',
        header: 'What',
        accessorFn: ({ subject }) => names.get(subject) ?? (subject || '–'),
        cell: ({ getValue }) => (
          <Text size="sm" truncate maw={200} title={String(getValue())}>
            {String(getValue())}
          </Text>
        ),
      },
      {
        accessorKey: 'result',
        header: 'Result',
        cell: ({ row: { original } }) =>
          original.result === 'ok' ? (
            <StateDot tone="good">done</StateDot>
          ) : (
            <StateDot tone="bad">{original.result}</StateDot>
          ),
      },
      { accessorKey: 'peer', header: 'From' },
      {
        id: 'request',
        header: 'Request',
        enableSorting: false,
        cell: ({ row: { original } }) => (
          <Group gap={4} wrap="nowrap">
            <Text size="sm" className="quiet">
              {original.requestId.slice(0, 8)}
            </Text>
            <CopyButton text={original.requestId} label="Copy the request id" />
          </Group>
        ),
      },
    ],
    [names],
  )
}

function Nothing({ kept }: { readonly kept: boolean }) {
  if (kept) {
    return (
      <EmptyState
        icon={ScrollText}
        title="Nothing of that kind"
        text="Changes are recorded, and calls that were refused for who made them. Widen the filters."
      />
    )
  }
  return (
    <EmptyState
      icon={ScrollText}
      title="This gateway keeps no audit log"
      text={
        <>
          Name a file for it in the setting <code>audit.file</code> of the gateway.
        </>
      }
    />
  )
}
