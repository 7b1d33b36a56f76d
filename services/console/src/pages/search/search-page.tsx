/**
 * The search lab: one question asked in one or two ways, side by side; how each answer came about,
 * how good it is, and as code to take along. All of its state is in the address.
 */
import { Stack, Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import FlaskConical from 'lucide-react/icons/flask-conical'
import { lazy, Suspense } from 'react'
import { collectionsQuery } from '../../api/collections.ts'
import { labQuery } from '../../api/lab.ts'
import { CodeBlock } from '../../kit/code-block.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import { Rows } from '../../kit/page-waiting.tsx'
import { QueryState } from '../../kit/query-state.tsx'
import { useProject } from '../../session/project.ts'
import { CodePanel } from './code-panel.tsx'
import { ExplainPanel } from './explain-panel.tsx'
import { isAsked, type LabSearch, type LabTab } from './lab-config.ts'
import { QuestionForm } from './question-form.tsx'
import { ResultsPanel } from './results-panel.tsx'
import { searchRoute } from './routes.ts'
import classes from './search-page.module.css'
import { WhyNotPanel } from './why-not-panel.tsx'

const RecallPanel = lazy(() =>
  import('./recall-panel.tsx').then((module) => ({ default: module.RecallPanel })),
)

export function SearchPage() {
  const lab = searchRoute.useSearch()
  const navigate = useNavigate()
  const projectId = useProject()?.projectId ?? ''
  const collections = useQuery(collectionsQuery(projectId))
  const collection = lab.collection ?? collections.data?.[0]?.name
  const asked: LabSearch = collection === undefined ? lab : { ...lab, collection }
  const go = (part: { readonly [name in keyof LabSearch]?: LabSearch[name] | undefined }) =>
    navigate({ to: '/search', search: (before) => ({ ...before, collection, ...part }) as never })
  return (
    <PageFrame
      title="Search lab"
      about="Ask in two ways, see why the answers differ, and take the better one along as code."
      width="full"
    >
      <QueryState query={collections} />
      {collections.data?.length === 0 && <NoCollections />}
      {collections.data !== undefined && collections.data.length > 0 && (
        <Stack gap="lg">
          <QuestionForm
            key={JSON.stringify([asked.collection, asked.by, asked.q, asked.a, asked.b])}
            lab={asked}
            collections={collections.data}
            onAsk={go}
          />
          {isAsked(asked) ? <Answers lab={asked} go={go} /> : <NothingAsked />}
        </Stack>
      )}
    </PageFrame>
  )
}

export type GoTo = (
  part: { readonly [name in keyof LabSearch]?: LabSearch[name] | undefined },
) => void

function Answers({ lab, go }: { readonly lab: LabSearch; readonly go: GoTo }) {
  const projectId = useProject()?.projectId ?? ''
  const { a = {}, b, tab = 'results' } = lab
  const one = useQuery(labQuery(projectId, lab, a))
  const other = useQuery({ ...labQuery(projectId, lab, b ?? a), enabled: b !== undefined })
  const ways = [
    { name: 'A', config: a, query: one },
    ...(b === undefined ? [] : [{ name: 'B', config: b, query: other }]),
  ] as const
  const isSearch = lab.by !== 'filter'
  return (
    <Tabs
      value={tab}
      onChange={(chosen) => go({ tab: chosen === 'results' ? undefined : (chosen as LabTab) })}
      keepMounted={false}
    >
      <Tabs.List mb="md" className={classes['tabs'] ?? ''}>
        <Tabs.Tab value="results">Results</Tabs.Tab>
        {isSearch && <Tabs.Tab value="explain">Explain</Tabs.Tab>}
        {isSearch && <Tabs.Tab value="why">Why not</Tabs.Tab>}
        <Tabs.Tab value="recall">Recall</Tabs.Tab>
        <Tabs.Tab value="code">Code</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="results">
        <ResultsPanel lab={lab} ways={ways} />
      </Tabs.Panel>
      <Tabs.Panel value="explain">
        <ExplainPanel ways={ways} />
      </Tabs.Panel>
      <Tabs.Panel value="why">
        <WhyNotPanel lab={lab} onAsk={(whyNot) => go({ whyNot })} />
      </Tabs.Panel>
      <Tabs.Panel value="recall">
        <Suspense fallback={<Rows />}>
          <RecallPanel lab={lab} onWidth={(width) => go({ a: { ...a, width }, tab: undefined })} />
        </Suspense>
      </Tabs.Panel>
      <Tabs.Panel value="code">
        <CodePanel lab={lab} />
      </Tabs.Panel>
    </Tabs>
  )
}

function NothingAsked() {
  return (
    <EmptyState
      icon={FlaskConical}
      title="Nothing asked yet"
      text="Type a text, or the id of a point whose neighbours you want to see, and press Search."
    />
  )
}

function NoCollections() {
  return (
    <EmptyState
      icon={FlaskConical}
      title="Nothing to search yet"
      text="The lab searches a collection. Load the demo data, and ask for its words by meaning:"
      action={<CodeBlock label="the command" code="npx vectron demo load dictionary" />}
    />
  )
}
