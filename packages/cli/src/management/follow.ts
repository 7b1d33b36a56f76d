/** Follows what was begun in a cluster until it is done, telling how it goes. */
import type { Id, Operator, Vectron } from '@vectron/client'
import { CliError } from '../exit-code.ts'
import type { Terminal } from '../terminal.ts'

const POLL_MS = 500

/** Answers the operator once it has ended. @throws CliError when it failed or was cancelled. */
export async function followOperator(
  vectron: Vectron,
  terminal: Terminal,
  begun: Operator,
): Promise<Operator> {
  let operator = begun
  while (operator.state === 'running') {
    terminal.status(progressLine(operator))
    await pause()
    const operators = await vectron.cluster.operators()
    const found = operators.find(({ operatorId }) => operatorId === begun.operatorId)
    if (found === undefined) {
      // Operators are kept in the memory of placement's leader.
      const text = 'Placement has another leader and no longer knows the operator.'
      throw new CliError('unavailable', text, 'See vectron shard list for what came of it.')
    }
    operator = found
  }
  terminal.status(undefined)
  if (operator.state === 'done') return operator
  throw new CliError('failure', `Operator ${operator.operatorId}: ${operator.state}.`)
}

/** Settles when the worker hosts no replica any more. */
export async function followDrain(
  vectron: Vectron,
  terminal: Terminal,
  workerId: Id,
): Promise<void> {
  for (;;) {
    const workers = await vectron.cluster.workers()
    const worker = workers.find((one) => String(one.workerId) === String(workerId))
    if (worker === undefined) throw new CliError('notFound', `There is no worker ${workerId}.`)
    if (!worker.draining) throw new CliError('conflict', 'The drain was taken back meanwhile.')
    if (worker.replicas === 0) break
    terminal.status(`${worker.replicas} replicas left on worker ${workerId}`)
    await pause()
  }
  terminal.status(undefined)
}

/** What the operator does now: `move_replica of shard 3: add learner 12 on worker 4 (42 %)`. */
export function progressLine({ kind, shardId, steps }: Operator): string {
  const step = steps.find(({ state }) => state !== 'done')
  if (step === undefined) return `${kind} of shard ${shardId}`
  const share = step.progress > 0 ? ` (${Math.floor(step.progress * 100)} %)` : ''
  return `${kind} of shard ${shardId}: ${step.text}${share}`
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS))
}
