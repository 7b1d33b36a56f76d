/**
 * Writes the rows of a file as points: batches, some on the way at once, acknowledged in order.
 *
 * A row that cannot be read, or that the server refuses, is reported by its number and left out;
 * the rest of its batch goes on. Invariant: every row up to the acknowledged one has been written
 * or reported, so an import can go on from there. Leaves files, progress and resuming to the
 * command.
 */
import { batchesOf, type Collection, VectronApiError, writeInParallel } from '@vectron/client'
import type { ImportPoint, ImportRow } from './formats/import-row.ts'

export interface ImportSettings {
  readonly batchSize: number
  /** Batches on the way at once. */
  readonly concurrency: number
  /** Told of each row that is left out. */
  readonly onProblem: (row: number, problem: string) => void
}

export interface ImportProgress {
  /** Last row that is written or reported, counted from 1. */
  readonly row: number
  /** Points written by this batch. */
  readonly written: number
}

interface NumberedPoint {
  readonly row: number
  readonly point: ImportPoint
}

/** Yields progress after each batch, in order. Ends with an error that concerns more than a row. */
export async function* importPoints(
  collection: Collection,
  rows: AsyncIterable<ImportRow>,
  settings: ImportSettings,
): AsyncGenerator<ImportProgress> {
  const { batchSize, concurrency, onProblem } = settings
  const batches = batchesOf(rows, batchSize)
  yield* writeInParallel(batches, concurrency, async (batch) => {
    const points: NumberedPoint[] = []
    for (const entry of batch) {
      if (entry.kind === 'point') points.push(entry)
      else onProblem(entry.row, entry.problem)
    }
    const written = await writeAccepted(collection, points, onProblem)
    return { row: batch.at(-1)?.row ?? 0, written }
  })
}

/** Writes a batch, less the rows that the server names as wrong; answers how many were written. */
async function writeAccepted(
  collection: Collection,
  points: readonly NumberedPoint[],
  onProblem: ImportSettings['onProblem'],
): Promise<number> {
  let rest = points
  while (rest.length > 0) {
    try {
      await collection.upsert(rest.map(({ point }) => point))
      return rest.length
    } catch (error) {
      const wrong = refusedPoint(error)
      const refused = wrong === undefined ? undefined : rest[wrong]
      if (refused === undefined) throw error
      onProblem(refused.row, (error as Error).message)
      rest = rest.filter((entry) => entry !== refused)
    }
  }
  return 0
}

/** Place of the point that an error is about: from a field such as `points[3].vector`. */
function refusedPoint(error: unknown): number | undefined {
  if (!(error instanceof VectronApiError)) return undefined
  for (const { field } of error.fieldViolations) {
    const match = /^points\[(\d+)\]/.exec(field)
    if (match) return Number(match[1])
  }
  return undefined
}
