/** The wizard of a collection: what its vectors are, and how it is spread over the workers. */
import { Button, Group, NumberInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import type { FieldType, Metric, NewCollection } from '@vectron/client'
import { type FormEvent, type ReactNode, useState } from 'react'
import { BUILT_IN_EMBEDDER, useCreateCollection } from '../../api/collections.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { ButtonLink } from '../../kit/links.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import classes from './new-collection-page.module.css'
import { type DeclaredField, SchemaFields } from './schema-fields.tsx'

interface Draft {
  readonly name: string
  readonly description: string
  /** Who makes the vectors. */
  readonly vectors: 'own' | 'embedder'
  readonly dimension: number
  readonly metric: Metric
  readonly shardCount: number
  readonly replicationFactor: number
  readonly searchReplicas: number
  readonly partitionKey: string
  readonly fields: readonly DeclaredField[]
}

const FIRST: Draft = {
  name: '',
  description: '',
  vectors: 'own',
  dimension: 768,
  metric: 'cosine',
  shardCount: 1,
  replicationFactor: 1,
  searchReplicas: 0,
  partitionKey: '',
  fields: [],
}

export function NewCollectionPage() {
  const [draft, setDraft] = useState(FIRST)
  const navigate = useNavigate()
  const create = useCreateCollection()
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate(toCollection(draft), {
      onSuccess: ({ name }) => navigate({ to: '/collections/$name', params: { name } }),
    })
  }
  return (
    <PageFrame title="New collection" about="Vectors of one dimension, with their payloads.">
      <form onSubmit={submit}>
        <Stack gap="lg" maw={860}>
          <NameStep draft={draft} change={change} />
          <VectorStep draft={draft} change={change} />
          <Step
            title="Payload fields"
            text="Declared fields are checked at every write. Others are indexed as they come."
          >
            <SchemaFields fields={draft.fields} onChange={(fields) => change({ fields })} />
          </Step>
          <SpreadStep draft={draft} change={change} />
          {create.error !== null && <ErrorState error={create.error} />}
          <Group justify="flex-end" gap="xs">
            <ButtonLink to="/collections" variant="default">
              Cancel
            </ButtonLink>
            <Button type="submit" loading={create.isPending} disabled={draft.name === ''}>
              Create collection
            </Button>
          </Group>
        </Stack>
      </form>
    </PageFrame>
  )
}

function toCollection(draft: Draft): NewCollection {
  const { name, description, metric, shardCount, replicationFactor } = draft
  const payloadSchema = schemaOf(draft)
  return {
    name,
    metric,
    shardCount,
    replicationFactor,
    ...(draft.vectors === 'embedder'
      ? { embedder: BUILT_IN_EMBEDDER }
      : { dimension: draft.dimension }),
    ...(description === '' ? {} : { description }),
    ...(draft.searchReplicas === 0 ? {} : { searchReplicas: draft.searchReplicas }),
    ...(draft.partitionKey === '' ? {} : { partitionKey: draft.partitionKey }),
    ...(Object.keys(payloadSchema).length === 0 ? {} : { payloadSchema }),
  }
}

/** The partition key is a keyword, unless it is declared as something else. */
function schemaOf({ partitionKey, fields }: Draft): Record<string, FieldType> {
  const key = partitionKey === '' ? [] : [[partitionKey, 'keyword'] as const]
  const named = fields.filter(({ field }) => field !== '')
  return Object.fromEntries([...key, ...named.map(({ field, type }) => [field, type] as const)])
}

interface StepProps {
  readonly draft: Draft
  readonly change: (part: Partial<Draft>) => void
}

function Step(props: { readonly title: string; readonly text: string; children: ReactNode }) {
  const { title, text, children } = props
  return (
    <fieldset className={`panel ${classes['step']}`}>
      <legend className={classes['legend']}>{title}</legend>
      <Text className="quiet" size="sm" mb="md">
        {text}
      </Text>
      {children}
    </fieldset>
  )
}

function NameStep({ draft, change }: StepProps) {
  return (
    <Step title="Name" text="Requests name the collection by it; it cannot be changed later.">
      <div className={classes['grid']}>
        <TextInput
          label="Name"
          required
          autoComplete="off"
          spellCheck={false}
          placeholder="articles"
          value={draft.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <TextInput
          label="Description"
          value={draft.description}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
      </div>
    </Step>
  )
}

function VectorStep({ draft, change }: StepProps) {
  return (
    <Step title="Vectors" text="Where they come from, and what near means; both stay as they are.">
      <Stack gap="md" align="flex-start">
        <SegmentedControl
          aria-label="Who makes the vectors"
          value={draft.vectors}
          onChange={(vectors) => change({ vectors: vectors as Draft['vectors'] })}
          data={[
            { value: 'own', label: 'I bring vectors' },
            { value: 'embedder', label: 'Vectron embeds texts' },
          ]}
        />
        {draft.vectors === 'own' ? (
          <Whole
            label="Dimension"
            description="As your embedding model gives them"
            value={draft.dimension}
            min={1}
            onChange={(dimension) => change({ dimension })}
          />
        ) : (
          <Text size="sm">
            By the built-in model {BUILT_IN_EMBEDDER}: 100 dimensions, made for trying out.
          </Text>
        )}
        <div>
          <SegmentedControl
            aria-label="Metric"
            value={draft.metric}
            onChange={(metric) => change({ metric: metric as Metric })}
            data={[
              { value: 'cosine', label: 'Cosine' },
              { value: 'dot', label: 'Dot product' },
              { value: 'l2', label: 'Euclidean' },
            ]}
          />
          <Text className="quiet" size="sm" mt={6}>
            {METRIC_WORDS[draft.metric]}
          </Text>
        </div>
      </Stack>
    </Step>
  )
}

const METRIC_WORDS: Readonly<Record<Metric, string>> = {
  cosine: 'Near means: in the same direction, whatever the length. Right for most text models.',
  dot: 'Near means: a high dot product. For models that were trained with it.',
  l2: 'Near means: a short straight line between them. For image and metric data.',
}

function SpreadStep({ draft, change }: StepProps) {
  return (
    <Step
      title="Shards and replicas"
      text="More shards hold and write more; more replicas survive more. A replica needs a worker."
    >
      <div className={classes['grid']}>
        <Whole
          label="Shards"
          value={draft.shardCount}
          min={1}
          onChange={(shardCount) => change({ shardCount })}
        />
        <Whole
          label="Replicas of each"
          value={draft.replicationFactor}
          min={1}
          onChange={(replicationFactor) => change({ replicationFactor })}
        />
        <Whole
          label="Search-only replicas"
          value={draft.searchReplicas}
          min={0}
          onChange={(searchReplicas) => change({ searchReplicas })}
        />
        <TextInput
          label="Partition key"
          placeholder="none: by the id"
          autoComplete="off"
          spellCheck={false}
          value={draft.partitionKey}
          onChange={(event) => change({ partitionKey: event.currentTarget.value })}
        />
      </div>
    </Step>
  )
}

interface WholeProps {
  readonly label: string
  readonly description?: string
  readonly value: number
  readonly min: number
  readonly onChange: (value: number) => void
}

/** A whole number; the API says what is too large. */
function Whole({ onChange, ...props }: WholeProps) {
  return (
    <NumberInput
      {...props}
      allowDecimal={false}
      allowNegative={false}
      clampBehavior="blur"
      onChange={(value) => onChange(Number(value) || props.min)}
    />
  )
}
