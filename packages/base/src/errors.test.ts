import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isErrorReason, REASONS, type ReasonRow } from './error-reasons.ts'
import { isVectronError, toVectronError, VectronError } from './errors.ts'

test('an error carries the row of its reason and what it is about', () => {
  const error = new VectronError('WRONG_DIMENSION', 'vector has 3 components.', { field: 'vector' })
  assert.equal(error.row.http, 400)
  assert.equal(error.row.grpc, 'INVALID_ARGUMENT')
  assert.equal(error.field, 'vector')
  assert.ok(isVectronError(error, 'WRONG_DIMENSION'))
  assert.ok(!isVectronError(error, 'INTERNAL'))
})

test('whatever else is thrown becomes INTERNAL and keeps its cause', () => {
  const cause = new TypeError('x is no function')
  const error = toVectronError(cause)
  assert.equal(error.reason, 'INTERNAL')
  assert.equal(error.cause, cause)
  assert.equal(toVectronError(error), error)
})

test('names from outside are reasons only when the table has them', () => {
  assert.ok(isErrorReason('DISK_FULL'))
  assert.ok(!isErrorReason('toString'))
})

test('no row of a caller error says that a retry helps, and all advice ends as a sentence', () => {
  for (const [reason, row] of Object.entries<ReasonRow>(REASONS)) {
    if (row.http === 400) assert.equal(row.retry, 'no', reason)
    assert.match(row.action, /\.$/, reason)
    assert.match(row.title, /[^.]$/, reason)
  }
})
