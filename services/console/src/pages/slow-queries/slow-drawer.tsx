/** One slow query: where its time went, what it asked for, and how to ask it again. */
import { Drawer, Group, Stack, Text } from '@mantine/core'
import type { SlowQuery } from '@vectron/client'
import FlaskConical from 'lucide-react/icons/flask-conical'
import { CodeBlock } from '../../kit/code-block.tsx'
import { CopyButton } from '../../kit/copy-button.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { Figure, Figures } from '../../kit/figure.tsx'
import { formatCount, formatMicros, formatMoment } from '../../kit/format.ts'
import { ButtonLink } from '../../kit/links.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { StageWaterfall } from '../../kit/stage-waterfall.tsx'
import { StateDot } from '../../kit/state-dot.tsx'
import { useProfile } from '../../session/use-session.ts'
import { inOrder, labOf, prettyFilter } from './slow-rows.ts'

export interface SlowDrawerProps {
  /** undefined: the gateway does not remember it any more. */
  readonly query: SlowQuery | undefined
  readonly isOpen: boolean
  readonly onClose: () => void
}

export function SlowDrawer({ query, isOpen, onClose }: SlowDrawerProps) {
  return (
    <Drawer
      opened={isOpen}
      onClose={onClose}
      position="right"
      size="lg"
      title={query === undefined ? 'Slow query' : `${query.method} of ${query.collection}`}
      closeButtonProps={{ 'aria-label': 'Close the query' }}
    >
      {query === undefined ? (
        <EmptyState
          title="It is forgotten"
          text="A gateway remembers its newest slow queries, and each gateway its own."
        />
      ) : (
        <SlowDetails query={query} />
      )}
    </Drawer>
  )
}

function SlowDetails({ query }: { readonly query: SlowQuery }) {
  const { outcome, tookUs, count, topK, shardsTotal, shardsAnswered, filter, target } = query
  return (
    <Stack gap="lg">
      <Figures>
        <Figure label="Took" value={formatMicros(tookUs)} note={formatMoment(query.time)} />
        <Figure
          label={count > 1 ? 'Queries' : 'Top k'}
          value={formatCount(count > 1 ? count : topK)}
          note={target || undefined}
        />
        <Figure
          label="Shards"
          value={shardsTotal === 0 ? '–' : `${shardsAnswered} of ${shardsTotal}`}
          note="answered"
        />
      </Figures>
      <StateDot tone={outcome === 'OK' ? 'good' : 'bad'}>{outcome}</StateDot>
      <PageSection title="Where the time went">
        <Stages query={query} />
      </PageSection>
      {filter !== '' && (
        <PageSection title="Filter">
          <CodeBlock label="the filter" code={prettyFilter(filter)} />
        </PageSection>
      )}
      <AskAgain query={query} />
      <PageSection title="Find it elsewhere">
        <Stack gap={4}>
          <Id name="Request" value={query.requestId} />
          {query.traceId !== '' && <Id name="Trace" value={query.traceId} />}
          <Group gap={6}>
            <Text size="sm">Copy all of it</Text>
            <CopyButton text={JSON.stringify(query, undefined, 2)} label="Copy the query as JSON" />
          </Group>
        </Stack>
      </PageSection>
    </Stack>
  )
}

/** Nothing where the lab cannot ask it: a read by ids, or one of somebody else's project. */
function AskAgain({ query }: { readonly query: SlowQuery }) {
  const { projects } = useProfile()
  const lab = labOf(query)
  const project = query.project
  if (lab === undefined || !projects.some(({ projectId }) => projectId === project)) return null
  const isWhole = query.filter === '' || lab.a?.filter !== undefined
  return (
    <PageSection title="Ask it again">
      <Stack gap="xs" align="flex-start">
        <Text size="sm" className="quiet">
          {lab.by === 'filter'
            ? 'The lab shows which points match this filter.'
            : 'The lab opens with its collection, filter and top k. What it looked for is not kept: ' +
              'type it there.'}
          {!isWhole && ' The filter is too long to be kept whole: it is left out.'}
        </Text>
        <ButtonLink
          to="/search"
          search={{ ...lab, project }}
          size="xs"
          variant="default"
          leftSection={<FlaskConical size={14} />}
        >
          Open in the search lab
        </ButtonLink>
      </Stack>
    </PageSection>
  )
}

function Stages({ query: { stages, tookUs } }: { readonly query: SlowQuery }) {
  if (stages.length === 0) {
    return (
      <Text size="sm" className="quiet">
        Stages are noted for searches alone.
      </Text>
    )
  }
  return <StageWaterfall stages={inOrder(stages)} tookUs={tookUs} />
}

function Id({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <Group gap={6} wrap="nowrap">
      <Text size="sm" className="quiet">
        {name}
      </Text>
      <Text size="sm" ff="monospace" truncate>
        {value}
      </Text>
      <CopyButton text={value} label={`Copy the id of the ${name.toLowerCase()}`} />
    </Group>
  )
}
