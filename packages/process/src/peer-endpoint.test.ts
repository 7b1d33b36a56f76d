import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tlsFilesOf } from './peer-endpoint.ts'

test('TLS between peers takes three files or none; what is missing is named.', () => {
  assert.equal(tlsFilesOf({ tlsCert: '', tlsKey: '', tlsCa: '' }), undefined)
  const files = { cert: 'c', key: 'k', ca: 'a' }
  assert.deepEqual(tlsFilesOf({ tlsCert: 'c', tlsKey: 'k', tlsCa: 'a' }), files)
  assert.throws(() => tlsFilesOf({ tlsCert: 'c', tlsKey: '', tlsCa: '' }), {
    reason: 'INVALID_ARGUMENT',
    message: 'TLS between peers also needs raft.tlsKey and raft.tlsCa.',
  })
})
