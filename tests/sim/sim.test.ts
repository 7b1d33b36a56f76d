/** The simulation finds nothing in the product, finds a planted bug, and repeats itself exactly. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { testSeed } from '@vectron/base'
import { type SimOutcome, simulate } from '@vectron/testkit'

const SEEDS = 100n
const STEPS = 100

const describe = ({ seed, violation }: SimOutcome) =>
  `${violation} (replay: npm run sim -- --seed ${seed})`

test('no acknowledged write is lost, whenever the process dies', async () => {
  const first = testSeed() % 1_000_000n
  console.log(`seeds ${first} to ${first + SEEDS - 1n} (VECTRON_SEED=${first})`)
  let crashes = 0
  let acknowledged = 0
  for (let seed = first; seed < first + SEEDS; seed++) {
    const outcome = await simulate({ seed, steps: STEPS, release: 'after-append' })
    assert.equal(outcome.violation, undefined, describe(outcome))
    crashes += outcome.crashes
    acknowledged += outcome.acknowledged
  }
  // A simulation in which nothing happens proves nothing.
  assert.ok(crashes > SEEDS, `${crashes} crashes`)
  assert.ok(acknowledged > 10n * SEEDS, `${acknowledged} writes`)
})

test('acknowledging before the fsync is found', async () => {
  let found = 0
  for (let seed = 1n; seed <= 10n; seed++) {
    const outcome = await simulate({ seed, steps: STEPS, release: 'before-append' })
    if (outcome.violation !== undefined) found += 1
  }
  assert.ok(found > 0, 'the planted bug was not found')
})

test('a seed gives the same trace in every process', async () => {
  const { traceHash } = await simulate({ seed: 42n, steps: 150, release: 'after-append' })
  const main = join(import.meta.dirname, 'main.ts')
  for (let run = 0; run < 2; run++) {
    const output = execFileSync(process.execPath, [main, '--seed', '42'], { encoding: 'utf8' })
    assert.match(output, new RegExp(`sim.trace_hash=${traceHash}`))
  }
})
