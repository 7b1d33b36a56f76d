// Proves that random bytes, random messages and frames that lie are answered for what they are, on
// every gRPC port of Vectron and on those of Raft. `npm run fuzz` does it for long.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testSeed } from '@vectron/base'
import { FUZZERS } from './fuzzers.ts'

const seed = Number(testSeed() % 1_000_000n)
const CALLS = 2000

for (const name of ['grpc', 'internal'] as const) {
  test(`nonsense on the ${name} ports gets a status that names what is wrong`, async (t) => {
    const print = (line: string) => t.diagnostic(line)
    const outcome = await FUZZERS[name]({ seed, requests: CALLS, print })
    assert.equal(outcome.findings, '', `VECTRON_SEED=${seed}`)
    assert.ok(outcome.requests >= CALLS)
  })
}
