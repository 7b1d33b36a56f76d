/**
 * Tells placement again and again where this instance is, so that gateways find it; and once, at
 * the end, that it leaves. Without placement it goes on serving those that know it.
 */
import { type Clock, type Logger, sleep } from '@vectron/base'
import type { placement } from '@vectron/contracts'
import type { Client } from '@vectron/rpc'

const ANNOUNCE_MS = 1000
/** Milliseconds for placement to answer one of them. */
const ANSWER_MS = 3000

export interface Announcement {
  readonly placement: Pick<Client<typeof placement.Placement>, 'registerReranker'>
  /** Where gateways reach it. */
  readonly address: string
  readonly clock: Clock
  readonly logger: Logger
}

/** Settles when placement has heard of it once. The answer ends it. */
export async function announce(announcement: Announcement): Promise<() => Promise<void>> {
  const { placement, address } = announcement
  await placement.registerReranker({ address })
  const stopping = new AbortController()
  const running = goOn(announcement, stopping.signal)
  return async () => {
    stopping.abort()
    await running
    await placement
      .registerReranker({ address, leaving: true }, { timeoutMs: ANSWER_MS })
      .catch(() => {})
  }
}

async function goOn(
  { placement, address, clock, logger }: Announcement,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await sleep(clock, ANNOUNCE_MS, signal).catch(() => {})
    if (signal.aborted) return
    await placement
      .registerReranker({ address }, { timeoutMs: ANSWER_MS, signal })
      .catch((error) => {
        if (!signal.aborted) logger.warn({ err: error }, 'placement does not hear of this reranker')
      })
  }
}
