/**
 * The rows of a file on their way into a collection, some batches at once, told in their order.
 *
 * What is refused for what it is falls to its row: the rest of the batch is written without it. Any
 * other failure ends the import where it stands; it can go on from there, because ids come from the
 * file, and each request has an id of its own that the servers remember.
 */
import { type PointInput, VectronApiError, writeInParallel } from '@vectron/client'
import type { PointDraft } from './reading/mapping.ts'
import type { Place } from './reading/record.ts'
import type { FileBatch, RowProblem } from './reading/worker-messages.ts'

export interface WrittenBatch {
  readonly written: number
  readonly problems: readonly RowProblem[]
  /** Everything before it is done. */
  readonly to: Place
  readonly isLast: boolean
}

export type BatchWriter = (
  points: readonly PointInput<Record<string, unknown>>[],
  requestId: string,
) => Promise<unknown>

const BATCHES_AT_ONCE = 2

export function writeBatches(
  batches: AsyncIterable<FileBatch>,
  runId: string,
  write: BatchWriter,
): AsyncGenerator<WrittenBatch> {
  return writeInParallel(batches, BATCHES_AT_ONCE, async (batch) => {
    const refused: RowProblem[] = []
    const items = batch.points.map((point, index) => ({ point, row: batch.rows[index] ?? 0 }))
    await writeItems(items, `${runId}-${batch.from.row}`, { write, refused })
    const problems = [...batch.problems, ...refused].sort((a, b) => a.row - b.row)
    return { written: items.length - refused.length, problems, to: batch.to, isLast: batch.isLast }
  })
}

interface Item {
  readonly point: PointDraft
  readonly row: number
}

interface Writing {
  readonly write: BatchWriter
  /** Gets what the servers do not take. */
  readonly refused: RowProblem[]
}

async function writeItems(items: readonly Item[], id: string, writing: Writing): Promise<void> {
  if (items.length === 0) return
  try {
    await writing.write(
      items.map(({ point }) => point as PointInput<Record<string, unknown>>),
      id,
    )
  } catch (error) {
    if (!isOfContent(error)) throw error
    const bad = namedItems(error, items.length)
    const [first] = items
    if (items.length === 1 && first !== undefined) {
      const excerpt = JSON.stringify(first.point.payload).slice(0, 120)
      writing.refused.push({ row: first.row, problem: error.message, excerpt })
      return
    }
    const parts = bad.size > 0 ? byNames(items, bad) : halves(items)
    for (const [index, part] of parts.entries()) await writeItems(part, `${id}.${index}`, writing)
  }
}

const STATUSES_OF_CONTENT = [400, 413, 422]

function isOfContent(error: unknown): error is VectronApiError {
  return error instanceof VectronApiError && STATUSES_OF_CONTENT.includes(error.status ?? 0)
}

/** The places that the error names: `points[17].vector`. */
function namedItems(error: VectronApiError, count: number): Set<number> {
  const named = error.fieldViolations.map(({ field }) => /^points\[(\d+)\]/.exec(field)?.[1])
  return new Set(
    named.flatMap((at) => (at === undefined || Number(at) >= count ? [] : [Number(at)])),
  )
}

/** Those that are not named together, each of the others alone: each is told its own reason. */
function byNames(items: readonly Item[], bad: ReadonlySet<number>): Item[][] {
  const good = items.filter((_, index) => !bad.has(index))
  return [good, ...items.filter((_, index) => bad.has(index)).map((item) => [item])]
}

function halves(items: readonly Item[]): Item[][] {
  const middle = Math.ceil(items.length / 2)
  return [items.slice(0, middle), items.slice(middle)]
}
