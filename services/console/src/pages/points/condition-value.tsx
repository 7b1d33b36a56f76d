/** The values of a condition, with those of the field that points have, the most frequent first. */
import { Autocomplete, Group, Select, TagsInput, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { FieldStats } from '@vectron/client'
import { useState } from 'react'
import { type CollectionKey, facetQuery } from '../../api/points.ts'
import { formatShortCount } from '../../kit/format.ts'
import classes from './condition-value.module.css'
import { BOUNDS, type ConditionDraft } from './filter-draft.ts'

export interface ConditionValueProps {
  readonly collection: CollectionKey
  readonly row: ConditionDraft
  readonly type: FieldStats['type'] | undefined
  readonly onPut: (row: ConditionDraft) => void
}

export function ConditionValue(props: ConditionValueProps) {
  const { row, type, onPut } = props
  const put = (values: readonly string[]) => onPut({ ...row, values })
  switch (row.test) {
    case 'exists':
    case 'missing':
    case 'isNull':
    case 'notNull':
    case 'filter':
      return null
    case 'range':
      return <Bounds {...props} />
    case 'hasId':
      return (
        <TagsInput
          size="xs"
          className={classes['values']}
          aria-label="Ids"
          placeholder={row.values.length === 0 ? 'ids, Enter after each' : ''}
          value={[...row.values]}
          onChange={put}
          acceptValueOnBlur
        />
      )
    case 'match':
      return type === 'bool' ? (
        <Select
          size="xs"
          w={110}
          aria-label="Value"
          placeholder="value"
          data={['true', 'false']}
          value={row.values[0] ?? null}
          onChange={(value) => put(value === null ? [] : [value])}
        />
      ) : (
        <OneValue {...props} onValues={put} />
      )
    case 'matchAny':
    case 'contains':
      return <ManyValues {...props} onValues={put} />
  }
}

interface ValueProps extends ConditionValueProps {
  readonly onValues: (values: readonly string[]) => void
}

function OneValue({ collection, row, onValues }: ValueProps) {
  const { focus, values, counts } = useValues(collection, row.field)
  return (
    <Autocomplete
      size="xs"
      className={classes['values']}
      aria-label="Value"
      placeholder="value"
      data={values}
      limit={50}
      spellCheck={false}
      onFocus={focus}
      renderOption={({ option }) => <Value option={option} counts={counts} />}
      value={row.values[0] ?? ''}
      onChange={(value) => onValues(value === '' ? [] : [value])}
    />
  )
}

function ManyValues({ collection, row, onValues }: ValueProps) {
  const { focus, values, counts } = useValues(collection, row.field)
  return (
    <TagsInput
      size="xs"
      className={classes['values']}
      aria-label="Values"
      placeholder={row.values.length === 0 ? 'values, Enter after each' : ''}
      data={values}
      limit={50}
      onFocus={focus}
      renderOption={({ option }) => <Value option={option} counts={counts} />}
      value={[...row.values]}
      onChange={onValues}
      acceptValueOnBlur
    />
  )
}

/** Asked for once somebody is about to give a value. */
function useValues(collection: CollectionKey, field: string) {
  const [isWanted, setWanted] = useState(false)
  const facet = useQuery({ ...facetQuery(collection, field), enabled: isWanted && field !== '' })
  const counts = new Map(
    (facet.data?.counts ?? []).map(({ value, count }) => [String(value), count]),
  )
  return { focus: () => setWanted(true), values: [...counts.keys()], counts }
}

interface ValueOptionProps {
  readonly option: { readonly value: string }
  readonly counts: ReadonlyMap<string, number>
}

function Value({ option, counts }: ValueOptionProps) {
  return (
    <Group justify="space-between" wrap="nowrap" w="100%" gap="sm">
      <span className={classes['option']}>{option.value}</span>
      <Text size="xs" className="quiet figures">
        {formatShortCount(counts.get(option.value) ?? 0)}
      </Text>
    </Group>
  )
}

const BOUND_SIGNS = { gt: '>', gte: '≥', lt: '<', lte: '≤' } as const
const BOUND_NAMES = {
  gt: 'Greater than',
  gte: 'At least',
  lt: 'Less than',
  lte: 'At most',
} as const

function Bounds({ row, type, onPut }: ConditionValueProps) {
  return (
    <Group gap={6}>
      {BOUNDS.map((bound) => (
        <TextInput
          key={bound}
          size="xs"
          w={type === 'datetime' ? 190 : 92}
          aria-label={BOUND_NAMES[bound]}
          leftSection={BOUND_SIGNS[bound]}
          placeholder={type === 'datetime' ? '2026-01-01T00:00:00Z' : ''}
          value={row.range[bound] ?? ''}
          onChange={({ currentTarget: { value } }) =>
            onPut({ ...row, range: { ...row.range, [bound]: value } })
          }
        />
      ))}
    </Group>
  )
}
