/**
 * `npm run sim -- --seeds N`: simulates one node under N seeds. `--seed S` replays one with its
 * trace.
 *
 * `--planted` runs with a planted bug (writes are acknowledged before their fsync) and must find
 * it. The closing lines are for machines.
 */
import { parseArgs } from 'node:util'
import { type SimOutcome, simulate } from '@vectron/testkit'

const STEPS = 150
const SEEDS_DEFAULT = 1000

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: String(SEEDS_DEFAULT) },
    seed: { type: 'string' },
    planted: { type: 'boolean', default: false },
  },
})
const release = values.planted ? 'before-append' : 'after-append'

async function replay(seed: bigint): Promise<readonly SimOutcome[]> {
  return [await simulate({ seed, steps: STEPS, release, print: (line) => console.log(line) })]
}

async function runSeeds(count: number): Promise<readonly SimOutcome[]> {
  const outcomes: SimOutcome[] = []
  for (let seed = 1n; seed <= count; seed++) {
    const outcome = await simulate({ seed, steps: STEPS, release })
    outcomes.push(outcome)
    if (outcome.violation !== undefined) {
      console.log(`seed ${seed}: ${outcome.violation}`)
      console.log(`  replay: npm run sim -- ${values.planted ? '--planted ' : ''}--seed ${seed}`)
    }
  }
  return outcomes
}

const startMs = performance.now()
const outcomes =
  values.seed === undefined
    ? await runSeeds(Number(values.seeds))
    : await replay(BigInt(values.seed))
const realSeconds = (performance.now() - startMs) / 1000
const sum = (count: (outcome: SimOutcome) => number) =>
  outcomes.reduce((total, outcome) => total + count(outcome), 0)
const violations = sum(({ violation }) => (violation === undefined ? 0 : 1))
if (values.seed !== undefined) console.log(`sim.trace_hash=${outcomes[0]!.traceHash}`)
console.log(`sim.seeds=${outcomes.length}`)
console.log(`sim.violations=${violations}`)
console.log(`sim.acknowledged=${sum(({ acknowledged }) => acknowledged)}`)
console.log(`sim.crashes=${sum(({ crashes }) => crashes)}`)
const ratio = sum(({ simSeconds }) => simSeconds) / realSeconds
console.log(`sim.sim_seconds_per_real_second=${ratio.toFixed(1)}`)
process.exitCode = violations > 0 === values.planted ? 0 : 1
