/** The conditions of a filter as rows: of all, any or none; a field; a test; its values. */
import { ActionIcon, Autocomplete, Button, Select, Text } from '@mantine/core'
import type { FieldStats } from '@vectron/client'
import Plus from 'lucide-react/icons/plus'
import X from 'lucide-react/icons/x'
import type { CollectionKey } from '../../api/points.ts'
import classes from './condition-rows.module.css'
import { ConditionValue } from './condition-value.tsx'
import {
  type Clause,
  type ConditionDraft,
  type FilterDraft,
  newCondition,
  type TestKind,
} from './filter-draft.ts'

export interface ConditionRowsProps {
  readonly collection: CollectionKey
  readonly fields: readonly FieldStats[]
  readonly rows: FilterDraft
  readonly problems: ReadonlyMap<number, string>
  readonly onChange: (rows: FilterDraft) => void
}

const CLAUSES: readonly { readonly value: Clause; readonly label: string }[] = [
  { value: 'must', label: 'all of' },
  { value: 'should', label: 'any of' },
  { value: 'mustNot', label: 'none of' },
]

const TESTS: readonly { readonly value: TestKind; readonly label: string }[] = [
  { value: 'match', label: 'is' },
  { value: 'matchAny', label: 'is one of' },
  { value: 'range', label: 'is in the range' },
  { value: 'contains', label: 'contains all of' },
  { value: 'exists', label: 'exists' },
  { value: 'missing', label: 'is missing' },
  { value: 'isNull', label: 'is null' },
  { value: 'notNull', label: 'is not null' },
  { value: 'hasId', label: 'the id is one of' },
  { value: 'filter', label: 'a group of conditions' },
]

export function ConditionRows(props: ConditionRowsProps) {
  const { rows, problems, onChange } = props
  const put = (row: ConditionDraft) =>
    onChange(rows.map((one) => (one.key === row.key ? row : one)))
  return (
    <div className={classes['rows']}>
      {rows.map((row, index) => (
        <fieldset key={row.key} className={classes['row']} aria-label={`Condition ${index + 1}`}>
          <div className={classes['parts']}>
            <ConditionRow {...props} row={row} onPut={put} />
          </div>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove condition ${index + 1}`}
            onClick={() => onChange(rows.filter(({ key }) => key !== row.key))}
          >
            <X size={15} />
          </ActionIcon>
          {problems.has(row.key) && (
            <Text size="xs" className={classes['problem']} role="status">
              {problems.get(row.key)}
            </Text>
          )}
          {row.test === 'filter' && (
            <div className={classes['group']}>
              <ConditionRows
                {...props}
                rows={row.group}
                onChange={(group) => put({ ...row, group })}
              />
              <Button
                size="compact-xs"
                variant="subtle"
                leftSection={<Plus size={13} />}
                onClick={() => put({ ...row, group: [...row.group, newCondition()] })}
              >
                Add condition
              </Button>
            </div>
          )}
        </fieldset>
      ))}
    </div>
  )
}

interface ConditionRowProps extends ConditionRowsProps {
  readonly row: ConditionDraft
  readonly onPut: (row: ConditionDraft) => void
}

function ConditionRow({ collection, fields, row, onPut }: ConditionRowProps) {
  const hasField = row.test !== 'hasId' && row.test !== 'filter'
  const names = [...new Set(fields.map(({ field }) => field))].sort()
  const types = fields.filter(({ field }) => field === row.field).map(({ type }) => type)
  return (
    <>
      <Select
        size="xs"
        w={96}
        aria-label="Of which"
        allowDeselect={false}
        data={CLAUSES}
        value={row.clause}
        onChange={(clause) => onPut({ ...row, clause: clause as Clause })}
      />
      {hasField && (
        <Autocomplete
          size="xs"
          className={classes['field']}
          aria-label="Field"
          placeholder="field"
          data={names}
          limit={50}
          spellCheck={false}
          value={row.field}
          onChange={(field) => onPut({ ...row, field })}
          rightSectionWidth={64}
          rightSection={
            types.length > 0 && (
              <Text size="xs" className="quiet">
                {types.length > 1 ? 'mixed' : types[0]}
              </Text>
            )
          }
        />
      )}
      <Select
        size="xs"
        w={150}
        aria-label="Test"
        allowDeselect={false}
        data={TESTS}
        value={row.test}
        onChange={(test) => onPut(withTest(row, test as TestKind))}
      />
      <ConditionValue
        collection={collection}
        row={row}
        type={types.length === 1 ? types[0] : undefined}
        onPut={onPut}
      />
    </>
  )
}

/** Values stay where the next test has use for them. */
function withTest(row: ConditionDraft, test: TestKind): ConditionDraft {
  const keepsField = test !== 'hasId' && test !== 'filter'
  const keepsValues = row.test !== 'hasId' && test !== 'hasId'
  return {
    ...row,
    test,
    field: keepsField ? row.field : '',
    values: keepsValues ? (test === 'match' ? row.values.slice(0, 1) : row.values) : [],
    group: test === 'filter' && row.group.length === 0 ? [newCondition()] : row.group,
  }
}
