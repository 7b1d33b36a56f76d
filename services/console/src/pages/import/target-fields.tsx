/** Into which collection: one that is there, or a new one. */
import { SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core'
import type { CollectionInfo, Metric } from '@vectron/client'
import { formatCount } from '../../kit/format.ts'
import { PageSection } from '../../kit/page-section.tsx'
import type { ImportDraft } from './import-draft.ts'
import classes from './target-fields.module.css'

export interface TargetFieldsProps {
  readonly draft: ImportDraft
  readonly change: (part: Partial<ImportDraft>) => void
  /** undefined: a new one. */
  readonly target: CollectionInfo | undefined
  readonly collections: readonly CollectionInfo[]
  readonly mayCreate: boolean
  readonly onTarget: (name: string | undefined) => void
}

const NEW = ''

export function TargetFields(props: TargetFieldsProps) {
  const { draft, change, target, collections, mayCreate, onTarget } = props
  return (
    <PageSection title="Into">
      <div className={`panel ${classes['fields']}`}>
        <Select
          label="Collection"
          searchable
          allowDeselect={false}
          data={[
            ...(mayCreate ? [{ value: NEW, label: 'A new collection' }] : []),
            ...collections.map(({ name }) => ({ value: name, label: name })),
          ]}
          value={target?.name ?? (mayCreate ? NEW : null)}
          onChange={(name) => onTarget(name || undefined)}
        />
        {target === undefined && mayCreate && (
          <>
            <TextInput
              label="Name"
              autoComplete="off"
              spellCheck={false}
              value={draft.name}
              onChange={(event) => change({ name: event.currentTarget.value })}
            />
            <Stack gap={4}>
              <Text size="sm" fw={500} aria-hidden>
                Metric
              </Text>
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
            </Stack>
          </>
        )}
        {target !== undefined && (
          <Text size="sm" className="quiet">
            {targetWords(target)} Points of equal ids are replaced.
          </Text>
        )}
        {!draft.columns.some(({ role }) => role === 'id') && (
          <TextInput
            label="Ids begin with"
            description="Then comes the number of the row: no column is the id"
            autoComplete="off"
            spellCheck={false}
            value={draft.idPrefix}
            onChange={(event) => change({ idPrefix: event.currentTarget.value })}
          />
        )}
      </div>
    </PageSection>
  )
}

function targetWords({ pointsCount, dimension, embedder }: CollectionInfo): string {
  const takes = embedder === '' ? 'by their vectors alone' : 'with texts to embed, too'
  return `${formatCount(pointsCount)} points of ${formatCount(dimension)} dimensions, ${takes}.`
}
