/** From a file to points: chosen, looked at, mapped, written; taken up again where it stopped. */
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { vectronOf } from '../../api/client.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import { Rows } from '../../kit/page-waiting.tsx'
import { useProject } from '../../session/project.ts'
import { FileChooser } from './file-chooser.tsx'
import { ImportProgress } from './import-progress.tsx'
import { ImportRun } from './import-run.ts'
import { type MappedImport, MappingStep } from './mapping-step.tsx'
import { firstPlace } from './reading/record.ts'
import type { OpenedFile } from './reading/worker-messages.ts'
import { ResumeStep } from './resume-step.tsx'
import { RowReader } from './row-reader.ts'
import { findImport, fingerprintOf, forgetImport, type SavedImport } from './saved-imports.ts'

type Step =
  | { readonly kind: 'choose'; readonly error?: unknown }
  | { readonly kind: 'opening' }
  | { readonly kind: 'resume'; readonly chosen: Chosen; readonly saved: SavedImport }
  | { readonly kind: 'map'; readonly chosen: Chosen }
  | { readonly kind: 'run'; readonly run: ImportRun; readonly saved: SavedImport }

export interface Chosen {
  readonly file: File
  readonly opened: OpenedFile
}

export function ImportPage() {
  const projectId = useProject()?.projectId ?? ''
  const { step, setStep, open, start } = useSteps(projectId)
  return (
    <PageFrame
      title="Import"
      about="Points out of a file: CSV, JSONL, npy or fvecs. It is read in this browser, row by row."
    >
      {step.kind === 'choose' && (
        <>
          {step.error !== undefined && <ErrorState error={step.error} />}
          <FileChooser projectId={projectId} onChoose={open} />
        </>
      )}
      {step.kind === 'opening' && <Rows />}
      {step.kind === 'resume' && (
        <ResumeStep
          saved={step.saved}
          onResume={() => start(step.chosen, step.saved)}
          onStartOver={() => {
            forgetImport(projectId, step.saved.file)
            setStep({ kind: 'map', chosen: step.chosen })
          }}
        />
      )}
      {step.kind === 'map' && (
        <MappingStep
          chosen={step.chosen}
          onBack={() => setStep({ kind: 'choose' })}
          onStart={({ collection, mapping }) =>
            start(step.chosen, newImport(projectId, step.chosen, { collection, mapping }))
          }
        />
      )}
      {step.kind === 'run' && (
        <ImportProgress
          run={step.run}
          saved={step.saved}
          onAnother={() => setStep({ kind: 'choose' })}
        />
      )}
    </PageFrame>
  )
}

function useSteps(projectId: string) {
  const [step, setStep] = useState<Step>({ kind: 'choose' })
  const reader = useRef<RowReader>(undefined)
  const running = useRef<ImportRun>(undefined)
  const queries = useQueryClient()
  useEffect(
    () => () => {
      running.current?.close()
      reader.current?.close()
    },
    [],
  )
  const open = async (file: File) => {
    reader.current?.close()
    const own = new RowReader()
    reader.current = own
    setStep({ kind: 'opening' })
    try {
      const chosen = { file, opened: await own.open(file) }
      const saved = findImport(projectId, fingerprintOf(file))
      setStep(saved === undefined ? { kind: 'map', chosen } : { kind: 'resume', chosen, saved })
    } catch (error) {
      setStep({ kind: 'choose', error })
    }
  }
  const start = ({ opened }: Chosen, saved: SavedImport) => {
    if (reader.current === undefined) return
    const points = vectronOf(projectId).collection(saved.collection)
    const run = new ImportRun({
      reader: reader.current,
      layout: opened.layout,
      mapping: saved.mapping,
      saved,
      write: (batch, requestId) => points.upsert(batch, { requestId, timeoutMs: WRITE_MS_MAX }),
    })
    running.current = run
    run.go()
    queries.invalidateQueries({ queryKey: [projectId, 'collections'] })
    setStep({ kind: 'run', run, saved })
  }
  return { step, setStep, open, start }
}

/** Texts are embedded before they are written. */
const WRITE_MS_MAX = 120_000

function newImport(
  projectId: string,
  { file, opened }: Chosen,
  { collection, mapping }: MappedImport,
): SavedImport {
  return {
    file: fingerprintOf(file),
    projectId,
    collection,
    mapping,
    runId: `import-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`,
    place: firstPlace(opened.layout),
    written: 0,
    failed: 0,
    problems: [],
    savedAt: new Date().toISOString(),
  }
}
