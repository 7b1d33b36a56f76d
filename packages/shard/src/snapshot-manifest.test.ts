import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LIMITS, logIndex } from '@vectron/base'
import type { SnapshotFile, SnapshotManifest } from '@vectron/raft'
import { checkManifest, encodeManifest, parseManifest } from './snapshot-manifest.ts'

const sha256 = new Uint8Array(32).fill(7)
const files: readonly SnapshotFile[] = ['store.redb', 'vectors.f32', 'graph.ckpt'].map(
  (name, number) => ({ name, bytes: 1000 + number, sha256 }),
)
const manifest: SnapshotManifest = { index: logIndex(12n), files }

/** The manifest with its first file changed. */
function withFile(change: Partial<SnapshotFile>): SnapshotManifest {
  const [first, ...others] = files
  return { index: manifest.index, files: [{ ...first!, ...change }, ...others] }
}

test('A manifest is read as it was written.', () => {
  assert.deepEqual(parseManifest(encodeManifest(manifest)), manifest)
})

test('What no engine can have written is refused before a byte of it is fetched.', () => {
  const refused: readonly SnapshotManifest[] = [
    { ...manifest, index: logIndex(0n) },
    { ...manifest, files: [] },
    { ...manifest, files: files.slice(1) },
    { ...manifest, files: [...files, ...files] },
    withFile({ name: '../store.redb' }),
    withFile({ name: 'vectors.f32' }),
    withFile({ name: 'snapshot.json' }),
    withFile({ bytes: -1 }),
    withFile({ bytes: 1.5 }),
    withFile({ bytes: LIMITS.snapshotBytesMax }),
    withFile({ sha256: new Uint8Array(31) }),
  ]
  checkManifest(manifest)
  for (const wrong of refused) {
    assert.throws(() => checkManifest(wrong), { reason: 'DATA_CORRUPT' })
  }
})

test('A damaged manifest is named, and not believed.', () => {
  const whole = Buffer.from(encodeManifest(manifest)).toString()
  for (const text of ['', '{}', whole.slice(0, 40), whole.replace('"format":1', '"format":2')]) {
    const bytes = new Uint8Array(Buffer.from(text))
    assert.throws(() => parseManifest(bytes), { reason: 'DATA_CORRUPT' })
  }
})
