/** An import under way and at its end: how far, how fast, how long still, and which rows failed. */
import { Button, Group, Progress, Stack, Text, Title } from '@mantine/core'
import Download from 'lucide-react/icons/download'
import { useSyncExternalStore } from 'react'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { Figure, Figures } from '../../kit/figure.tsx'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPlural,
  formatRate,
  formatShare,
} from '../../kit/format.ts'
import { ButtonLink } from '../../kit/links.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import type { ImportRun, ImportState } from './import-run.ts'
import type { RowProblem } from './reading/worker-messages.ts'
import { PROBLEMS_KEPT, type SavedImport } from './saved-imports.ts'

export interface ImportProgressProps {
  readonly run: ImportRun
  readonly saved: SavedImport
  readonly onAnother: () => void
}

const PHASE_WORDS: Readonly<Record<ImportState['phase'], string>> = {
  running: 'Importing',
  paused: 'Paused',
  failed: 'Stopped by an error',
  stopped: 'Cancelled',
  done: 'Imported',
}

export function ImportProgress({ run, saved, onAnother }: ImportProgressProps) {
  const state = useSyncExternalStore(run.subscribe, () => run.state)
  const { phase, place, written, failed, problems } = state
  const { file, collection } = saved
  const share = phase === 'done' ? 1 : place.offset / Math.max(1, file.size)
  const secondsLeft = (file.size - place.offset) / Math.max(1, state.bytesPerSecond)
  return (
    <Stack gap="lg">
      <Stack className="panel" p="lg" gap="md">
        <div role="status">
          <Title order={2}>
            {PHASE_WORDS[phase]}: {file.name} into {collection}
          </Title>
        </div>
        <Progress
          value={100 * share}
          aria-label={`${formatShare(share)} of the file`}
          color={phase === 'failed' ? 'red' : 'jade'}
        />
        <Group gap="xs">
          <Controls run={run} phase={phase} collection={collection} onAnother={onAnother} />
        </Group>
        {phase === 'failed' && (
          <>
            <ErrorState error={state.error} onRetry={run.go} />
            <Text size="sm" className="quiet">
              What is written stays. It goes on from row {formatCount(place.row)}, also after a
              reload.
            </Text>
          </>
        )}
      </Stack>
      <Figures>
        <Figure label="Points written" value={formatCount(written)} />
        <Figure label="Rows failed" value={formatCount(failed)} />
        <Figure
          label="Read"
          value={formatShare(share)}
          note={`${formatBytes(place.offset)} of ${formatBytes(file.size)}`}
        />
        <Figure
          label="Rate"
          value={formatRate(state.rowsPerSecond)}
          note={`${formatBytes(state.bytesPerSecond)}/s`}
        />
        <Figure
          label="Time left"
          value={
            phase === 'running' && state.bytesPerSecond > 0 ? formatDuration(secondsLeft) : '–'
          }
        />
      </Figures>
      {problems.length > 0 && <Problems problems={problems} failed={failed} name={file.name} />}
    </Stack>
  )
}

interface ControlsProps {
  readonly run: ImportRun
  readonly phase: ImportState['phase']
  readonly collection: string
  readonly onAnother: () => void
}

function Controls({ run, phase, collection, onAnother }: ControlsProps) {
  if (phase === 'running' || phase === 'paused' || phase === 'failed') {
    return (
      <>
        {phase === 'running' && (
          <Button variant="default" onClick={run.pause}>
            Pause
          </Button>
        )}
        {phase === 'paused' && <Button onClick={run.go}>Go on</Button>}
        <Button variant="default" onClick={run.stop}>
          Cancel
        </Button>
      </>
    )
  }
  return (
    <>
      <ButtonLink to="/collections/$name/points" params={{ name: collection }}>
        Look at the points
      </ButtonLink>
      <Button variant="default" onClick={onAnother}>
        Import another file
      </Button>
    </>
  )
}

interface ProblemsProps {
  readonly problems: readonly RowProblem[]
  readonly failed: number
  readonly name: string
}

function Problems({ problems, failed, name }: ProblemsProps) {
  const about =
    failed > problems.length
      ? `The first ${formatCount(PROBLEMS_KEPT)} of ${formatCount(failed)}.`
      : `${formatPlural(failed, 'row')}; the others were written.`
  return (
    <PageSection
      title="Rows that failed"
      about={about}
      actions={
        <Button
          size="xs"
          variant="default"
          leftSection={<Download size={14} />}
          onClick={() => download(`${name}.errors.csv`, csvOf(problems))}
        >
          Download
        </Button>
      }
    >
      <DataTable
        label="Rows that failed"
        columns={COLUMNS}
        rows={problems}
        keyOf={({ row }) => String(row)}
      />
    </PageSection>
  )
}

const COLUMNS: readonly Column<RowProblem>[] = [
  { accessorKey: 'row', header: 'Row' },
  { accessorKey: 'problem', header: 'What is wrong' },
  { accessorKey: 'excerpt', header: 'The row', enableSorting: false },
]

function csvOf(problems: readonly RowProblem[]): string {
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
  const lines = problems.map((one) => [one.row, quote(one.problem), quote(one.excerpt)].join(','))
  return ['row,problem,excerpt', ...lines, ''].join('\r\n')
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}
