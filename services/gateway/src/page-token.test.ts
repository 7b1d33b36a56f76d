import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodePageToken, type PagedList, parsePageToken } from './page-token.ts'

const list: PagedList = {
  clusterId: 'c',
  shape: ['scroll', 'words', Uint8Array.of(1)],
  field: 'pageToken',
}
const malformed = { reason: 'INVALID_PAGE_TOKEN', field: 'pageToken' }

test('A token gives back its position, whatever the id; the first page has none.', () => {
  assert.equal(parsePageToken(list, ''), '')
  for (const id of ['a', 'ü/😀', 'x'.repeat(512)]) {
    assert.equal(parsePageToken(list, encodePageToken(list, id)), id)
  }
})

test('A token of another collection, filter, cluster or of nobody is refused.', () => {
  const token = encodePageToken(list, 'a')
  const others: PagedList[] = [
    { ...list, clusterId: 'd' },
    { ...list, shape: ['scroll', 'other', Uint8Array.of(1)] },
    { ...list, shape: ['scroll', 'words', Uint8Array.of(2)] },
    { ...list, shape: ['scroll', 'word', 's', Uint8Array.of(1)] },
  ]
  for (const other of others) assert.throws(() => parsePageToken(other, token), malformed)
  for (const text of ['x', `${token}x`, token.slice(1), '%%%']) {
    assert.throws(() => parsePageToken(list, text), malformed)
  }
})
