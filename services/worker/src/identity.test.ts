import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { replicaId, shardId, workerId } from '@vectron/base'
import { readIdentity, writeIdentity } from './identity.ts'

test('An identity is kept as it was written; anything else in its file is refused by name.', async (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'vectron-identity-'))
  t.after(() => rmSync(parent, { recursive: true }))
  const folder = join(parent, 'worker')
  assert.equal(await readIdentity(folder), undefined)
  const identity = {
    clusterId: 'c',
    workerId: workerId((1n << 60n) + 1n),
    replicas: [{ replicaId: replicaId(7n), shardId: shardId(2n), state: 'created' as const }],
  }
  await writeIdentity(folder, identity)
  assert.deepEqual(await readIdentity(folder), identity)

  const file = join(folder, 'identity.json')
  const wrong: [string, string][] = [
    ['', 'DATA_CORRUPT'],
    ['{"format":1,"clusterId":"c"}', 'DATA_CORRUPT'],
    ['{"format":1,"clusterId":"c","workerId":"0"}', 'DATA_CORRUPT'],
    ['{"format":1,"clusterId":"c","workerId":"1","replicas":[["7","2"]]}', 'DATA_CORRUPT'],
    ['{"format":2,"clusterId":"c","workerId":"1"}', 'INCOMPATIBLE_DATA'],
  ]
  for (const [text, reason] of wrong) {
    writeFileSync(file, text)
    await assert.rejects(readIdentity(folder), { reason, subject: file })
  }
})
