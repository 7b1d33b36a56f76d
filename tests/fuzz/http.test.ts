// Proves that whatever schemathesis makes of the OpenAPI document is answered as the document says:
// no 5xx, no status, content type or schema that it does not know. `npm run fuzz` does it for long.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { testSeed } from '@vectron/base'
import { residentBytes } from '@vectron/testkit'
import { type FuzzedVectron, ROLES, startFuzzedVectron } from './fuzzed-vectron.ts'
import { runSchemathesis } from './schemathesis-run.ts'

/** What a Vectron with a few hundred points needs, several times over. */
const RESIDENT_BYTES_MAX = 1024 ** 3

let vectron: FuzzedVectron

before(async () => {
  vectron = await startFuzzedVectron()
})

after(() => vectron.close())

const seed = Number(testSeed() % 1_000_000n)

for (const role of ROLES) {
  test(`requests that schemathesis draws as ${role} get documented answers`, async () => {
    const coverage = role === 'owner'
    const outcome = await runSchemathesis(vectron, { role, seed, coverage, examples: 3 })
    assert.equal(outcome.findings, '', `VECTRON_SEED=${seed}`)
    assert.ok(outcome.requests > 100, `${outcome.requests} requests were sent`)
    assert.ok(residentBytes(vectron.process.pid) < RESIDENT_BYTES_MAX)
  })
}
