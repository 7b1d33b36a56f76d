/**
 * `npm run sim -- --seeds N`: simulates clusters under N seeds, over all cores.
 *
 *   --seed S          replays one seed with its trace; --quiet leaves the trace out
 *   --plant BUG       runs with one planted bug
 *   --planted         plants one bug after the other: each must be found within 1,000 seeds
 *   --first F         first seed; --jobs J processes
 *
 * The closing lines are for machines.
 */
import { parseArgs } from 'node:util'
import { PLANTED_BUGS, type PlantedBug, type SimOutcome, simulate } from '@vectron/sim'
import { runSeeds, serveSeeds } from './seed-pool.ts'

const PLANTED_SEEDS_MAX = 1000
/** A long run says how far it is after so many. */
const PROGRESS_SEEDS = 500

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    plant: { type: 'string' },
    planted: { type: 'boolean', default: false },
    jobs: { type: 'string' },
    child: { type: 'boolean', default: false },
  },
})
const jobs = values.jobs === undefined ? undefined : Number(values.jobs)
const first = BigInt(values.first)
const planted = PLANTED_BUGS.find((bug) => bug === values.plant)
if (values.plant !== undefined && planted === undefined) {
  throw new Error(`--plant takes one of ${PLANTED_BUGS.join(', ')}`)
}

if (values.child) serveSeeds()
else if (values.seed !== undefined) await replay(BigInt(values.seed))
else if (values.planted) await findPlanted()
else await runAll(Number(values.seeds))

async function replay(seed: bigint): Promise<void> {
  const print = values.quiet ? undefined : (line: string) => console.log(line)
  const outcome = await simulate({ seed, planted, print })
  console.log(`sim.trace_hash=${outcome.traceHash}`)
  process.exitCode = outcome.violation === undefined ? 0 : 1
}

async function runAll(count: number): Promise<void> {
  const startMs = performance.now()
  const outcomes: SimOutcome[] = []
  await runSeeds({ first, count, planted, jobs, onOutcome })
  const realSeconds = (performance.now() - startMs) / 1000
  const sum = (pick: (outcome: SimOutcome) => number) =>
    outcomes.reduce((total, outcome) => total + pick(outcome), 0)
  const violations = sum(({ violation }) => (violation === undefined ? 0 : 1))
  console.log(`sim.seeds=${outcomes.length}`)
  console.log(`sim.violations=${violations}`)
  console.log(`sim.acknowledged=${sum(({ acknowledged }) => acknowledged)}`)
  console.log(`sim.reads=${sum(({ reads }) => reads)}`)
  const simSeconds = sum((outcome) => outcome.simSeconds)
  console.log(`sim.sim_seconds_per_real_second=${(simSeconds / realSeconds).toFixed(1)}`)
  console.log(`sim.seeds_per_second=${(outcomes.length / realSeconds).toFixed(1)}`)
  process.exitCode = violations > 0 ? 1 : 0

  function onOutcome(outcome: SimOutcome): boolean {
    outcomes.push(outcome)
    if (outcomes.length % PROGRESS_SEEDS === 0)
      console.error(`${outcomes.length} of ${count} seeds`)
    const { seed, violation } = outcome
    if (violation !== undefined) {
      const plant = planted === undefined ? '' : ` --plant ${planted}`
      console.log(`seed ${seed}: ${violation}\n  replay: npm run sim -- --seed ${seed}${plant}`)
    }
    return true
  }
}

async function findPlanted(): Promise<void> {
  let missed = 0
  for (const bug of PLANTED_BUGS) {
    const found = await findBug(bug)
    if (found === undefined) missed += 1
    const where = found === undefined ? 'NOT FOUND' : `seed ${found.seed}: ${found.violation}`
    console.log(`${bug.padEnd(28)} ${where}`)
  }
  console.log(`sim.planted_found=${PLANTED_BUGS.length - missed}`)
  console.log(`sim.planted_missed=${missed}`)
  process.exitCode = missed > 0 ? 1 : 0
}

async function findBug(planted: PlantedBug): Promise<SimOutcome | undefined> {
  let found: SimOutcome | undefined
  const onOutcome = (outcome: SimOutcome) => {
    if (outcome.violation !== undefined) found ??= outcome
    return found === undefined
  }
  await runSeeds({ first, count: PLANTED_SEEDS_MAX, planted, jobs, onOutcome })
  return found
}
