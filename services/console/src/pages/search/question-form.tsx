/** What is asked, of which collection, and in which one or two ways. Enter asks. */
import { Button, Group, SegmentedControl, Select, Stack, Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { CollectionInfo } from '@vectron/client'
import Columns2 from 'lucide-react/icons/columns-2'
import Search from 'lucide-react/icons/search'
import X from 'lucide-react/icons/x'
import { type FormEvent, useState } from 'react'
import { collectionStatsQuery } from '../../api/collections.ts'
import { useProject } from '../../session/project.ts'
import { ConfigForm } from './config-form.tsx'
import {
  type Draft,
  type DraftErrors,
  draftOf,
  type LabSearch,
  parseDraft,
  parseVector,
  type QueryKind,
} from './lab-config.ts'
import classes from './question-form.module.css'
import type { GoTo } from './search-page.tsx'

export interface QuestionFormProps {
  /** What was asked last; the form begins with it. */
  readonly lab: LabSearch
  readonly collections: readonly CollectionInfo[]
  readonly onAsk: GoTo
}

const KINDS: readonly { readonly value: QueryKind; readonly label: string }[] = [
  { value: 'text', label: 'Text' },
  { value: 'id', label: 'Point' },
  { value: 'vector', label: 'Vector' },
  { value: 'filter', label: 'Filter' },
]

interface Wrong {
  readonly q?: string | undefined
  readonly a?: DraftErrors
  readonly b?: DraftErrors
}

export function QuestionForm({ lab, collections, onAsk }: QuestionFormProps) {
  const projectId = useProject()?.projectId ?? ''
  const [collection, setCollection] = useState(lab.collection ?? '')
  const info = collections.find(({ name }) => name === collection)
  const [by, setBy] = useState<QueryKind>(lab.by ?? (info?.embedder === '' ? 'id' : 'text'))
  const [q, setQ] = useState(lab.q ?? '')
  const [a, setA] = useState(() => draftOf(lab.a ?? {}))
  const [b, setB] = useState(() => (lab.b === undefined ? undefined : draftOf(lab.b)))
  const [wrong, setWrong] = useState<Wrong>({})
  const { data: stats } = useQuery({
    ...collectionStatsQuery(projectId, collection),
    enabled: collection !== '',
  })
  const fields = stats?.fields ?? []

  const ask = (draftB: Draft | undefined) => {
    const one = parseDraft(a)
    const other = draftB === undefined ? undefined : parseDraft(draftB)
    const wrongQ = checkQuestion(by, q, info)
    if (wrongQ !== undefined || 'errors' in one || (other !== undefined && 'errors' in other)) {
      setWrong({
        q: wrongQ,
        ...('errors' in one ? { a: one.errors } : {}),
        ...(other !== undefined && 'errors' in other ? { b: other.errors } : {}),
      })
      return
    }
    setWrong({})
    const isPlain = Object.keys(one.config).length === 0
    onAsk({
      collection,
      by: by === 'text' ? undefined : by,
      q: by === 'filter' ? undefined : q.trim(),
      a: isPlain ? undefined : one.config,
      b: other?.config,
    })
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    ask(b)
  }
  return (
    <form onSubmit={submit} className={`panel ${classes['form']}`} aria-label="Question">
      <div className={classes['question']}>
        <Select
          label="Collection"
          data={collections.map(({ name }) => name)}
          value={collection}
          onChange={(name) => setCollection(name ?? collection)}
          allowDeselect={false}
          searchable={collections.length > 8}
        />
        <div>
          <div className={classes['label']} id="ask-by">
            Ask by
          </div>
          <SegmentedControl
            aria-labelledby="ask-by"
            data={KINDS as { value: string; label: string }[]}
            value={by}
            onChange={(kind) => setBy(kind as QueryKind)}
          />
        </div>
        <QueryInput by={by} q={q} info={info} error={wrong.q} onChange={setQ} />
        <Button type="submit" leftSection={<Search size={15} />} className={classes['ask'] ?? ''}>
          Search
        </Button>
      </div>
      <div className={classes['ways']}>
        <ConfigForm
          name={b === undefined ? '' : 'A'}
          draft={a}
          onChange={setA}
          errors={wrong.a ?? {}}
          collection={collection}
          fields={fields}
          isFilterAlone={by === 'filter'}
        />
        {b !== undefined && (
          <ConfigForm
            name="B"
            draft={b}
            onChange={setB}
            errors={wrong.b ?? {}}
            collection={collection}
            fields={fields}
            isFilterAlone={by === 'filter'}
          />
        )}
      </div>
      <Group justify="flex-end" mt="xs">
        {b === undefined ? (
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            leftSection={<Columns2 size={14} />}
            onClick={() => setB(a)}
          >
            Compare with another way
          </Button>
        ) : (
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            leftSection={<X size={14} />}
            onClick={() => {
              setB(undefined)
              if (lab.b !== undefined) ask(undefined)
            }}
          >
            Leave B out
          </Button>
        )}
      </Group>
    </form>
  )
}

interface QueryInputProps {
  readonly by: QueryKind
  readonly q: string
  readonly info: CollectionInfo | undefined
  readonly error: string | undefined
  readonly onChange: (q: string) => void
}

function QueryInput({ by, q, info, error, onChange }: QueryInputProps) {
  const shared = {
    className: classes['query'] ?? '',
    value: q,
    error,
    onChange: (event: { readonly currentTarget: { readonly value: string } }) =>
      onChange(event.currentTarget.value),
  }
  switch (by) {
    case 'text':
      return <TextInput label="Text" placeholder="what you look for, in words" {...shared} />
    case 'id':
      return (
        <TextInput
          label="Point"
          placeholder="id of a point; its neighbours are found"
          spellCheck={false}
          autoComplete="off"
          {...shared}
        />
      )
    case 'vector':
      return (
        <Textarea
          label={`Vector${info === undefined ? '' : ` of ${info.dimension} numbers`}`}
          placeholder="0.12, -0.4, 0.08, …"
          autosize
          minRows={1}
          maxRows={4}
          spellCheck={false}
          classNames={{ input: classes['mono'] ?? '' }}
          {...shared}
        />
      )
    case 'filter':
      return (
        <Stack gap={0} className={classes['query'] ?? ''} justify="flex-end">
          <span className="quiet">
            The points that match the filter below, in the order of their ids.
          </span>
        </Stack>
      )
  }
}

/** What is wrong with the question; undefined when nothing is. */
function checkQuestion(
  by: QueryKind,
  q: string,
  info: CollectionInfo | undefined,
): string | undefined {
  const text = q.trim()
  switch (by) {
    case 'filter':
      return undefined
    case 'text':
      if (info?.embedder === '') {
        return 'This collection has no embedder: ask by a point or a vector.'
      }
      return text === '' ? 'Type what you look for.' : undefined
    case 'id':
      return text === '' ? 'Type the id of a point.' : undefined
    case 'vector':
      try {
        parseVector(text, info?.dimension)
        return undefined
      } catch (error) {
        return (error as Error).message
      }
  }
}
