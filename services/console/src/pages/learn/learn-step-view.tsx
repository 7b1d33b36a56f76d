/** One step: what it is about, its code in three languages, and what came when it was run. */
import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { errorOfResponse } from '@vectron/client'
import Play from 'lucide-react/icons/play'
import { apiFetch } from '../../api/client.ts'
import { CodeBlock } from '../../kit/code-block.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { formatMicros } from '../../kit/format.ts'
import { ButtonLink } from '../../kit/links.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { StateDot } from '../../kit/state-dot.tsx'
import { type Need, useMay } from '../../session/may.ts'
import { useProject } from '../../session/project.ts'
import { LearnKey } from './learn-key.tsx'
import classes from './learn-page.module.css'
import { learnRoute } from './routes.ts'
import { codeOf, LANGUAGES, type Language, type LearnCall, type LearnStep } from './steps.ts'

const LABELS: Readonly<Record<Language, string>> = {
  curl: 'curl',
  typescript: 'TypeScript',
  cli: 'CLI',
}

export interface LearnStepViewProps {
  readonly step: LearnStep
  readonly next: LearnStep | undefined
  readonly onDone: () => void
}

export function LearnStepView({ step, next, onDone }: LearnStepViewProps) {
  const { code: language = 'curl' } = learnRoute.useSearch()
  const navigate = useNavigate()
  const may = useMay()
  const run = useRun(step, onDone)
  const mayRun = may(needOf(step))
  return (
    <Stack gap="lg" miw={0}>
      <PageSection title={step.title} about={step.text}>
        <Stack gap="sm">
          <SegmentedControl
            aria-label="Language of the code"
            size="xs"
            w="fit-content"
            data={LANGUAGES.map((value) => ({ value, label: LABELS[value] }))}
            value={language}
            onChange={(code) =>
              navigate({
                to: '/learn',
                search: { step: step.id, code: code as Language },
                replace: true,
              })
            }
          />
          <CodeBlock label="the code" code={codeOf(step, language, location.origin)} />
          <LearnKey />
        </Stack>
      </PageSection>
      <Group gap="sm">
        <Button
          leftSection={<Play size={15} />}
          loading={run.isPending}
          disabled={!mayRun}
          onClick={() => run.mutate()}
        >
          Run
        </Button>
        {next !== undefined && (
          <ButtonLink
            to="/learn"
            search={{ step: next.id, code: language }}
            variant={run.isSuccess ? 'filled' : 'default'}
          >
            Next: {next.title.toLowerCase()}
          </ButtonLink>
        )}
        {!mayRun && (
          <Text size="sm" className="quiet">
            Your role in this project does not allow this step.
          </Text>
        )}
      </Group>
      {run.error !== null && <ErrorState error={run.error} />}
      {run.data !== undefined && (
        <PageSection title="The answer" about={step.look}>
          <Group gap="lg" mb="xs" role="status">
            <StateDot tone="good">Done</StateDot>
            <Text size="sm" className="figures">
              {formatMicros(run.data.tookMs * 1000)}
            </Text>
          </Group>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it */}
          <pre className={classes['answer']} tabIndex={0}>
            {run.data.text}
          </pre>
        </PageSection>
      )}
    </Stack>
  )
}

/** Collections and aliases are made by admins, points written by writers. */
function needOf({ calls }: LearnStep): Need {
  const paths = calls.map(({ path }) => path)
  if (paths.some((path) => path.endsWith(':search'))) return 'read'
  return paths.some((path) => path.endsWith(':upsert')) ? 'write' : 'admin'
}

function useRun({ calls }: LearnStep, onDone: () => void) {
  const projectId = useProject()?.projectId ?? ''
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async () => {
      const startedMs = performance.now()
      const answers: string[] = []
      for (const call of calls) answers.push(await make(projectId, call))
      return { text: answers.join('\n'), tookMs: performance.now() - startedMs }
    },
    onSuccess: () => {
      onDone()
      return queries.invalidateQueries({ queryKey: [projectId, 'collections'] })
    },
  })
}

async function make(projectId: string, { verb, path, body }: LearnCall): Promise<string> {
  const response = await apiFetch(projectId, path, {
    method: verb,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  if (!response.ok) throw await errorOfResponse(response)
  return JSON.stringify(await response.json(), null, 2)
}
