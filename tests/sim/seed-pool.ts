/**
 * Simulates many seeds over several processes, and stops early when told to.
 *
 * A child asks for the next seed by sending what became of its last one, so that a slow seed holds
 * up nobody. Outcomes come in the order in which they are ready.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type PlantedBug, type SimOutcome, simulate } from '@vectron/sim'

export interface SeedPoolOptions {
  readonly first: bigint
  readonly count: number
  readonly planted?: PlantedBug | undefined
  /** Processes; default: one for each core. */
  readonly jobs?: number | undefined
  /** Answers whether to go on. */
  readonly onOutcome: (outcome: SimOutcome) => boolean
}

/**
 * Seeds of one child. What a killed process of the simulation waited for is never let go of, 1 MiB
 * a seed.
 */
const SEEDS_PER_CHILD = 200

/** From the pool to a child. Numbers travel as text: JSON has no bigint. */
interface Task {
  readonly seed: string
  readonly planted: PlantedBug | undefined
}

export async function runSeeds(options: SeedPoolOptions): Promise<void> {
  const { first, count, planted, onOutcome, jobs = availableParallelism() } = options
  let next = 0
  const takeTask = (): Task | undefined =>
    next < count ? { seed: `${first + BigInt(next++)}`, planted } : undefined
  const onDone = (outcome: SimOutcome) => {
    if (!onOutcome(outcome)) next = count
  }
  const runJob = async () => {
    while (next < count) await runChild(takeTask, onDone)
  }
  await Promise.all(Array.from({ length: Math.min(jobs, count) }, runJob))
}

function runChild(
  takeTask: () => Task | undefined,
  onDone: (outcome: SimOutcome) => void,
): Promise<void> {
  const child = fork(join(import.meta.dirname, 'main.ts'), ['--child'])
  return new Promise((resolve, reject) => {
    let given = 0
    const give = () => {
      const task = given++ < SEEDS_PER_CHILD ? takeTask() : undefined
      if (task === undefined) child.disconnect()
      else child.send(task)
    }
    child.on('message', (message) => {
      const outcome = message as SimOutcome & { readonly seed: string }
      onDone({ ...outcome, seed: BigInt(outcome.seed) })
      give()
    })
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve() : reject(exited(child, code))))
    give()
  })
}

/** What `--child` does: one seed after the other, as told. */
export function serveSeeds(): void {
  // Stacks of errors that are handled cost a tenth of a run.
  Error.stackTraceLimit = 0
  process.on('message', async (message) => {
    const { seed, planted } = message as Task
    const outcome = await simulate({ seed: BigInt(seed), planted })
    process.send?.({ ...outcome, seed })
  })
}

function exited(child: ChildProcess, code: number | null): Error {
  return new Error(`process ${child.pid} of the simulation ended with ${code}`)
}
