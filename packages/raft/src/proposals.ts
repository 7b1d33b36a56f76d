/**
 * Proposals of one group that wait for their entry to be applied.
 *
 * Raft answers a proposal with a position (index, term). The entry that is applied at this index
 * has this term, or it is another entry and the proposal is lost for good. A leader that steps down
 * knows neither: its proposals end as OUTCOME_UNKNOWN, and the client's request id makes a retry
 * safe.
 */
import { type Deadline, type LogIndex, type Term, VectronError } from '@vectron/base'

/** Where a proposal stands in the log, and what the state machine answered. */
export interface Proposed<Result = unknown> {
  readonly index: LogIndex
  readonly term: Term
  readonly result: Result
}

/** What a waiting proposal has beside its promise. */
export interface ProposalTicket {
  readonly index: LogIndex
  readonly term: Term
  readonly deadline: Deadline | undefined
  /** Called once when nobody waits any more. */
  readonly release: () => void
}

interface Waiter extends ProposalTicket {
  readonly resolve: (proposed: Proposed) => void
  readonly reject: (error: VectronError) => void
}

export class Proposals {
  /** Invariant: one waiter an index; a new leader's indexes come after those of the last end. */
  readonly #waiters = new Map<LogIndex, Waiter>()

  get size(): number {
    return this.#waiters.size
  }

  wait(ticket: ProposalTicket): Promise<Proposed> {
    return new Promise((resolve, reject) => {
      this.#waiters.set(ticket.index, { ...ticket, resolve, reject })
    })
  }

  /** The entry at `index` was applied. */
  settle(index: LogIndex, term: Term, result: unknown): void {
    const waiter = this.#take(index)
    if (waiter === undefined) return
    if (waiter.term === term) waiter.resolve({ index, term, result })
    else waiter.reject(lost(waiter))
  }

  /** Ends one wait; the entry itself may still be applied. */
  abandon(index: LogIndex, error: VectronError): void {
    this.#take(index)?.reject(error)
  }

  /** Ends all waits. */
  abandonAll(error: (ticket: ProposalTicket) => VectronError): void {
    for (const waiter of [...this.#waiters.values()]) this.abandon(waiter.index, error(waiter))
  }

  /** Ends waits whose deadline has passed. */
  expire(): void {
    if (this.#waiters.size === 0) return
    for (const { index, deadline } of [...this.#waiters.values()]) {
      if (deadline?.passed) {
        const text = `The time allowed ran out before entry ${index} was applied; it may still be.`
        this.abandon(index, new VectronError('DEADLINE_EXCEEDED', text))
      }
    }
  }

  #take(index: LogIndex): Waiter | undefined {
    const waiter = this.#waiters.get(index)
    if (waiter !== undefined) {
      this.#waiters.delete(index)
      waiter.release()
    }
    return waiter
  }
}

function lost({ index, term }: ProposalTicket): VectronError {
  const text = `Entry ${index} of term ${term} was replaced by another leader's; nothing was done.`
  return new VectronError('NOT_LEADER', text)
}

export function outcomeUnknown({ index, term }: ProposalTicket): VectronError {
  const text = `The leader stepped down before entry ${index} of term ${term} was applied.`
  return new VectronError('OUTCOME_UNKNOWN', text)
}
