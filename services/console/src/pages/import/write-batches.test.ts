/** What the servers refuse for what it is falls to its row; the others are written. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VectronApiError } from '@vectron/client'
import type { FileBatch } from './reading/worker-messages.ts'
import { type BatchWriter, writeBatches } from './write-batches.ts'

function refusal(...fields: string[]): VectronApiError {
  const fieldViolations = fields.map((field) => ({ field, description: 'wrong', reason: 'WRONG' }))
  return new VectronApiError('INVALID_ARGUMENT', 'refused', { status: 400, fieldViolations })
}

function batch(rows: readonly number[]): FileBatch {
  return {
    points: rows.map((row) => ({ id: String(row), payload: {}, text: 'x' })),
    rows,
    problems: [{ row: 0, problem: 'unreadable', excerpt: '' }],
    from: { offset: 0, row: 1 },
    to: { offset: 9, row: 9 },
    isLast: true,
  }
}

async function* one(rows: readonly number[]) {
  yield batch(rows)
}

async function run(write: BatchWriter) {
  const written: string[] = []
  const ids = new Set<string>()
  const writing = writeBatches(one([1, 2, 3, 4, 5]), 'run', async (points, requestId) => {
    assert.ok(!ids.has(requestId), 'each request has an id of its own')
    ids.add(requestId)
    await write(points, requestId)
    written.push(...points.map(({ id }) => id))
  })
  for await (const { problems, written: count } of writing) {
    assert.equal(count, written.length)
    return { written: written.sort(), failed: problems.map(({ row }) => row) }
  }
  return undefined
}

test('rows that the error names, and rows that it does not, are found', async () => {
  const named = await run(async (points) => {
    const at = points.findIndex(({ id }) => id === '2')
    if (at >= 0) throw refusal(`points[${at}].payload.x`)
  })
  assert.deepEqual(named, { written: ['1', '3', '4', '5'], failed: [0, 2] })
  const unnamed = await run(async (points) => {
    if (points.some(({ id }) => id === '1' || id === '4')) throw refusal()
  })
  assert.deepEqual(unnamed, { written: ['2', '3', '5'], failed: [0, 1, 4] })
})

test('a failure that is not of the rows ends it', async () => {
  const down = new VectronApiError('UNAVAILABLE', 'down', { status: 503 })
  await assert.rejects(
    run(async () => {
      throw down
    }),
    /down/,
  )
})
