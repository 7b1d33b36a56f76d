/** One way to ask: what people change often in sight, the rest behind "More". */
import {
  Autocomplete,
  Button,
  Checkbox,
  Collapse,
  Select,
  Textarea,
  TextInput,
} from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import type { FieldStats } from '@vectron/client'
import ChevronDown from 'lucide-react/icons/chevron-down'
import { rerankPresetsQuery, rerankStrategiesQuery } from '../../api/lab.ts'
import { useProject } from '../../session/project.ts'
import classes from './config-form.module.css'
import type { Draft, DraftErrors } from './lab-config.ts'
import { starterParameters } from './starter-parameters.ts'
import { WayName } from './ways.tsx'

export interface ConfigFormProps {
  /** Empty where there is only one. */
  readonly name: string
  readonly draft: Draft
  readonly onChange: (draft: Draft) => void
  readonly errors: DraftErrors
  readonly collection: string
  readonly fields: readonly FieldStats[]
  /** Then there is nothing to rank. */
  readonly isFilterAlone: boolean
}

type Change = (part: Partial<Draft>) => void

export function ConfigForm(props: ConfigFormProps) {
  const { name, draft, onChange, errors, isFilterAlone } = props
  const [isOpen, more] = useDisclosure(HIDDEN.some((field) => isChanged(draft, field)))
  const change: Change = (part) => onChange({ ...draft, ...part })
  const label = name === '' ? 'Options' : `Options of ${name}`
  return (
    <fieldset className={classes['config']} aria-label={label}>
      {name !== '' && <WayName name={name} />}
      <div className={classes['grid']}>
        <Field name="topK" label="Results" {...{ draft, errors, change }} />
        {!isFilterAlone && (
          <>
            <RerankSelect {...props} change={change} />
            <Field
              name="width"
              label="Search width"
              hint="automatic"
              {...{ draft, errors, change }}
            />
            <Checkbox
              className={classes['check'] ?? ''}
              label="Exact"
              checked={draft.exact}
              onChange={(event) => change({ exact: event.currentTarget.checked })}
            />
          </>
        )}
      </div>
      {draft.rerank.startsWith('strategy:') && !isFilterAlone && (
        <Json name="rerankParameters" label="Rerank parameters" {...{ draft, errors, change }} />
      )}
      <Json name="filter" label="Filter" hint={FILTER_HINT} {...{ draft, errors, change }} />
      {!isFilterAlone && (
        <Button
          variant="transparent"
          color="gray"
          size="compact-xs"
          px={0}
          onClick={more.toggle}
          aria-expanded={isOpen}
          rightSection={<ChevronDown size={13} className={classes['chevron']} data-open={isOpen} />}
        >
          {isOpen ? 'Fewer options' : 'More options'}
        </Button>
      )}
      <Collapse expanded={isOpen && !isFilterAlone}>
        <MoreFields {...props} change={change} />
      </Collapse>
    </fieldset>
  )
}

const FILTER_HINT = '{"field": "pos", "match": "noun"}'

/** Fields behind "More". */
const HIDDEN = [
  'offset',
  'scoreThreshold',
  'groupBy',
  'targetRecall',
  'timeoutMs',
  'rerankLimit',
  'consistency',
  'withPayload',
] as const

function isChanged(draft: Draft, field: (typeof HIDDEN)[number]): boolean {
  const value = draft[field]
  return value !== '' && value !== 'eventual' && value !== true
}

function MoreFields(props: ConfigFormProps & { readonly change: Change }) {
  const { draft, errors, fields, change } = props
  const row = { draft, errors, change }
  return (
    <div className={classes['grid']}>
      <Field name="offset" label="Offset" hint="0" {...row} />
      <Field name="scoreThreshold" label="Score threshold" hint="none" {...row} />
      <Field name="targetRecall" label="Recall to aim at" hint=".98" {...row} />
      <Autocomplete
        label="Group by"
        placeholder="no field"
        data={[...new Set(fields.map(({ field }) => field))]}
        value={draft.groupBy}
        onChange={(groupBy) => change({ groupBy })}
      />
      {draft.groupBy !== '' && (
        <Field name="groupSize" label="Results of a group" hint="3" {...row} />
      )}
      {draft.rerank !== '' && (
        <Field name="rerankLimit" label="Candidates to rerank" hint="100" {...row} />
      )}
      <Select
        label="Consistency"
        data={['eventual', 'strong']}
        value={draft.consistency}
        allowDeselect={false}
        onChange={(consistency) =>
          change({ consistency: consistency === 'strong' ? 'strong' : 'eventual' })
        }
      />
      <Field name="timeoutMs" label="Time limit, ms" hint="10000" {...row} />
      <Checkbox
        className={classes['check'] ?? ''}
        label="With payload"
        checked={draft.withPayload}
        onChange={(event) => change({ withPayload: event.currentTarget.checked })}
      />
    </div>
  )
}

interface FieldProps {
  readonly name: keyof Draft
  readonly label: string
  /** What counts when it is empty. */
  readonly hint?: string
  readonly draft: Draft
  readonly errors: DraftErrors
  readonly change: Change
}

function Field({ name, label, hint, draft, errors, change }: FieldProps) {
  return (
    <TextInput
      label={label}
      placeholder={hint}
      inputMode="decimal"
      autoComplete="off"
      value={String(draft[name])}
      error={errors[name]}
      onChange={(event) => change({ [name]: event.currentTarget.value })}
    />
  )
}

function Json({ name, label, hint, draft, errors, change }: FieldProps) {
  return (
    <Textarea
      label={label}
      placeholder={hint}
      autosize
      minRows={1}
      maxRows={12}
      spellCheck={false}
      classNames={{ input: classes['json'] ?? '' }}
      value={String(draft[name])}
      error={errors[name]}
      onChange={(event) => change({ [name]: event.currentTarget.value })}
    />
  )
}

function RerankSelect(props: ConfigFormProps & { readonly change: Change }) {
  const { draft, errors, collection, fields, change } = props
  const projectId = useProject()?.projectId ?? ''
  const strategies = useQuery(rerankStrategiesQuery(projectId))
  const presets = useQuery(rerankPresetsQuery(projectId, collection))
  const own = (presets.data ?? []).map(({ name }) => ({ value: `preset:${name}`, label: name }))
  const known = (strategies.data ?? []).map(({ name, problem }) => ({
    value: `strategy:${name}`,
    label: problem === '' ? name : `${name} (not set up)`,
    disabled: problem !== '',
  }))
  const chosen = draft.rerank
  // A link may name one that is not there any more.
  const isListed = chosen === '' || [...own, ...known].some(({ value }) => value === chosen)
  const lost = isListed ? [] : [{ value: chosen, label: chosen.slice(chosen.indexOf(':') + 1) }]
  return (
    <Select
      label="Rerank"
      placeholder="no"
      clearable
      data={[
        ...(own.length > 0 ? [{ group: 'Presets', items: own }] : []),
        { group: 'Strategies', items: [...known, ...lost] },
      ]}
      value={chosen === '' ? null : chosen}
      error={errors.rerank}
      onChange={(value) => {
        const strategy = value?.startsWith('strategy:') ? value.slice(9) : undefined
        const parameters = strategy === undefined ? undefined : starterParameters(strategy, fields)
        change({
          rerank: value ?? '',
          rerankParameters: parameters === undefined ? '' : JSON.stringify(parameters, null, 1),
        })
      }}
    />
  )
}
