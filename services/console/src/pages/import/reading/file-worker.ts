/** Reads a file beside the page, which stays quick meanwhile: opened, mapped, a batch at a time. */
import { guessColumns } from './guess.ts'
import { type Mapping, pointOf } from './mapping.ts'
import { readLayout, readRecords } from './read-file.ts'
import type { FileRecord, Place } from './record.ts'
import type {
  FileBatch,
  OpenedFile,
  RowProblem,
  WorkerAnswer,
  WorkerRequest,
} from './worker-messages.ts'

const SAMPLE_ROWS = 200
const EXCERPT_CHARACTERS = 120

let opened: File | undefined
let reading: { records: AsyncGenerator<FileRecord>; mapping: Mapping; place: Place } | undefined

addEventListener('message', async ({ data }: MessageEvent<WorkerRequest>) => {
  const answer = await carryOut(data).catch(
    (error: unknown): WorkerAnswer => ({
      kind: 'failed',
      message: error instanceof Error ? error.message : String(error),
    }),
  )
  postMessage(answer)
})

async function carryOut(request: WorkerRequest): Promise<WorkerAnswer> {
  switch (request.kind) {
    case 'open':
      opened = request.file
      return { kind: 'opened', opened: await open(request.file) }
    case 'start': {
      if (opened === undefined) throw new Error('No file is open.')
      await reading?.records.return(undefined)
      const { layout, mapping, place } = request
      reading = { records: readRecords(opened, layout, place), mapping, place }
      return { kind: 'started' }
    }
    case 'next':
      return { kind: 'batch', batch: await readBatch(request.rows) }
  }
}

async function open(file: File): Promise<OpenedFile> {
  const layout = await readLayout(file, file.name)
  const sample: FileRecord[] = []
  for await (const record of readRecords(file, layout)) {
    sample.push(record)
    if (sample.length >= SAMPLE_ROWS) break
  }
  return { layout, columns: guessColumns(layout.format, sample), sample }
}

async function readBatch(count: number): Promise<FileBatch> {
  if (reading === undefined) throw new Error('Nothing is read.')
  const { records, mapping, place: from } = reading
  const batch = { points: [] as FileBatch['points'][number][], rows: [] as number[] }
  const problems: RowProblem[] = []
  let isLast = false
  for (let read = 0; read < count; read += 1) {
    const next = await records.next()
    if (next.done) {
      isLast = true
      break
    }
    const { row, end } = next.value
    reading.place = { offset: end, row: row + 1 }
    if (next.value.kind === 'broken') {
      problems.push({ row, problem: next.value.problem, excerpt: next.value.excerpt })
      continue
    }
    const point = pointOf(row, next.value.cells, mapping)
    if ('problem' in point) {
      const excerpt = JSON.stringify(next.value.cells).slice(0, EXCERPT_CHARACTERS)
      problems.push({ row, problem: point.problem, excerpt })
    } else {
      batch.points.push(point)
      batch.rows.push(row)
    }
  }
  return { ...batch, problems, from, to: reading.place, isLast }
}
