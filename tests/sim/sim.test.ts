/** The simulation finds nothing in the product, finds planted bugs, and repeats itself exactly. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { type PlantedBug, type SimOutcome, simulate } from '@vectron/sim'
import { runSeeds } from './seed-pool.ts'

const SEEDS = 200
/** Planted bugs that a few seeds find; `npm run sim -- --planted` looks for all. */
const QUICKLY_FOUND: readonly PlantedBug[] = [
  'forget-dedupe-table',
  'ignore-if-version',
  'show-expired',
  'keep-switched-alias',
]

test('clusters keep their promises, whatever happens to their processes, disks and links', async () => {
  const first = 1n
  console.log(`seeds ${first} to ${first + BigInt(SEEDS) - 1n}`)
  const outcomes: SimOutcome[] = []
  await runSeeds({ first, count: SEEDS, onOutcome: (outcome) => outcomes.push(outcome) > 0 })
  const violations = outcomes.filter(({ violation }) => violation !== undefined)
  const replays = violations.map(
    ({ seed, violation }) => `npm run sim -- --seed ${seed}: ${violation}`,
  )
  assert.deepEqual(replays, [])
  // A simulation in which nothing happens proves nothing.
  const acknowledged = outcomes.reduce((sum, outcome) => sum + outcome.acknowledged, 0)
  assert.ok(acknowledged > 10 * SEEDS, `${acknowledged} writes`)
})

for (const planted of QUICKLY_FOUND) {
  test(`a planted bug is found: ${planted}`, async () => {
    let found: SimOutcome | undefined
    const onOutcome = (outcome: SimOutcome) => {
      if (outcome.violation !== undefined) found ??= outcome
      return found === undefined
    }
    await runSeeds({ first: 1n, count: 100, planted, onOutcome })
    assert.ok(found !== undefined, 'not within 100 seeds')
  })
}

test('a seed gives the same trace in every process', async () => {
  const { traceHash } = await simulate({ seed: 42n })
  const again = await simulate({ seed: 42n })
  assert.equal(again.traceHash, traceHash)
  const main = join(import.meta.dirname, 'main.ts')
  const output = execFileSync(process.execPath, [main, '--seed', '42', '--quiet'], {
    encoding: 'utf8',
  })
  assert.match(output, new RegExp(`sim.trace_hash=${traceHash}`))
})
