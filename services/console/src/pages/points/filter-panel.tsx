/**
 * The filter of the points: put together from fields and values that are there, or typed as JSON.
 * Both show the same filter. It counts once it is applied, and then stands in the address.
 */
import { Button, Group, SegmentedControl } from '@mantine/core'
import type { FieldStats, Filter } from '@vectron/client'
import Plus from 'lucide-react/icons/plus'
import { type FormEvent, useMemo, useState } from 'react'
import type { CollectionKey } from '../../api/points.ts'
import { JsonEditor } from '../../kit/json-editor.tsx'
import { ConditionRows } from './condition-rows.tsx'
import { draftOf, type FilterDraft, filterOf, newCondition, type TypeOf } from './filter-draft.ts'
import classes from './filter-panel.module.css'
import { parseFilterText } from './parse-filter.ts'

export interface FilterPanelProps {
  readonly collection: CollectionKey
  readonly fields: readonly FieldStats[]
  readonly filter: Filter | undefined
  readonly onApply: (filter: Filter | undefined) => void
}

/** Begins anew when another filter is applied from elsewhere: an address, the way back. */
export function FilterPanel(props: FilterPanelProps) {
  return <Builder key={textOf(props.filter)} {...props} />
}

type Draft =
  | { readonly kind: 'rows'; readonly rows: FilterDraft }
  | { readonly kind: 'json'; readonly text: string }

function Builder({ collection, fields, filter, onApply }: FilterPanelProps) {
  const typeOf = useMemo(() => typesOf(fields), [fields])
  const [draft, setDraft] = useState<Draft>(() => ({
    kind: 'rows',
    rows: draftOf(filter ?? {}, typeOf),
  }))
  const [isTold, setTold] = useState(false)
  const made = readDraft(draft, typeOf)
  const isChanged = textOf(made.filter) !== textOf(filter)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTold(true)
    if (made.problem === undefined) onApply(made.filter)
  }
  const isEmpty = draft.kind === 'rows' && draft.rows.length === 0
  const addRow = () => {
    if (draft.kind === 'rows') setDraft({ kind: 'rows', rows: [...draft.rows, newCondition()] })
  }
  const show = (kind: string) => {
    if (kind === draft.kind) return
    if (kind === 'json') setDraft({ kind: 'json', text: formatFilter(made.filter) })
    else if (made.problem === undefined) {
      setDraft({ kind: 'rows', rows: draftOf(made.filter ?? {}, typeOf) })
    } else setTold(true)
  }
  return (
    <form className={`panel ${classes['panel']}`} aria-label="Filter" onSubmit={submit}>
      {draft.kind === 'rows' ? (
        <ConditionRows
          collection={collection}
          fields={fields}
          rows={draft.rows}
          problems={isTold ? made.problems : NO_PROBLEMS}
          onChange={(rows) => setDraft({ kind: 'rows', rows })}
        />
      ) : (
        <JsonEditor
          label="The filter as JSON"
          value={draft.text}
          onChange={(text) => setDraft({ kind: 'json', text })}
          error={made.problem}
        />
      )}
      <Group justify="space-between" gap="xs" mt={isEmpty ? 0 : 'xs'}>
        <Group gap="xs">
          {draft.kind === 'rows' && (
            <Button
              size="xs"
              variant={isEmpty ? 'default' : 'subtle'}
              leftSection={<Plus size={14} />}
              onClick={addRow}
            >
              {isEmpty ? 'Filter' : 'Add condition'}
            </Button>
          )}
        </Group>
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="The filter as"
            value={draft.kind}
            onChange={show}
            data={[
              { value: 'rows', label: 'Conditions' },
              { value: 'json', label: 'JSON' },
            ]}
          />
          {filter !== undefined && (
            <Button size="xs" variant="default" onClick={() => onApply(undefined)}>
              Clear
            </Button>
          )}
          {(isChanged || made.problem !== undefined) && (
            <Button size="xs" type="submit">
              Apply filter
            </Button>
          )}
        </Group>
      </Group>
    </form>
  )
}

const NO_PROBLEMS: ReadonlyMap<number, string> = new Map()

interface ReadDraft {
  /** Undefined when nothing is asked. */
  readonly filter: Filter | undefined
  readonly problem: string | undefined
  readonly problems: ReadonlyMap<number, string>
}

function readDraft(draft: Draft, typeOf: TypeOf): ReadDraft {
  if (draft.kind === 'rows') {
    const { filter, problems } = filterOf(draft.rows, typeOf)
    return { filter, problems, problem: [...problems.values()][0] }
  }
  const parsed = parseFilterText(draft.text)
  if (parsed.kind === 'wrong') {
    return { filter: undefined, problem: parsed.problem, problems: NO_PROBLEMS }
  }
  const isEmpty = Object.values(parsed.filter).every((conditions) => conditions.length === 0)
  return { filter: isEmpty ? undefined : parsed.filter, problem: undefined, problems: NO_PROBLEMS }
}

function formatFilter(filter: Filter | undefined): string {
  return JSON.stringify(filter ?? { must: [] }, undefined, 2)
}

function textOf(filter: Filter | undefined): string {
  return JSON.stringify(filter ?? null)
}

/** A field with values of several types has none here. */
function typesOf(fields: readonly FieldStats[]): TypeOf {
  const types = new Map<string, FieldStats['type'] | undefined>()
  for (const { field, type } of fields) types.set(field, types.has(field) ? undefined : type)
  return (field) => types.get(field)
}
