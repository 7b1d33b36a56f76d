/**
 * What projects use, by day (UTC), added up from the reports of gateways.
 *
 * A report is counted once, however often a gateway repeats it: its id is kept for a while.
 */

import { type Clock, utcDay } from '@vectron/base'
import { keyOf, readRecord, toPut, type UsageRecord } from './records.ts'
import type { CredentialStore } from './store/credential-store.ts'

const DAY_MS = 24 * 3_600_000
/** Milliseconds that the id of a report is known: longer than a gateway repeats it. */
const REPORT_MS = 3_600_000
/** Milliseconds that the usage of a day is kept. */
const KEEP_MS = 400 * DAY_MS

export interface DayUsage extends UsageRecord {
  readonly projectId: string
  /** 2026-11-28 */
  readonly day: string
}

const NOTHING: UsageRecord = {
  requests: 0,
  searches: 0,
  pointsWritten: 0,
  bytesIn: 0,
  bytesOut: 0,
  refused: 0,
}

export class Usage {
  readonly #store: CredentialStore
  readonly #clock: Clock

  constructor(store: CredentialStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  async add(reportId: string, counts: readonly DayUsage[]): Promise<void> {
    for (const [index, count] of counts.entries()) {
      await this.#addOne(`usage-reports/${reportId}/${index}`, count)
    }
  }

  async noteKeyUses(uses: ReadonlyMap<string, number>): Promise<void> {
    for (const [id, usedMs] of uses) {
      const known = await readRecord<number>(this.#store, keyOf.keyUse(id))
      if ((known?.value ?? 0) >= usedMs) continue
      await this.#store.commit({ put: [toPut(keyOf.keyUse(id), usedMs)] })
    }
  }

  /** The last days, oldest first; days without use are there with zeros. */
  async ofDays(projectId: string, days: number): Promise<DayUsage[]> {
    const today = this.#clock.nowMs()
    return Promise.all(
      Array.from({ length: days }, async (_, index) => {
        const day = utcDay(today - (days - 1 - index) * DAY_MS)
        const found = await readRecord<UsageRecord>(this.#store, keyOf.usage(projectId, day))
        return { ...NOTHING, ...found?.value, projectId, day }
      }),
    )
  }

  async #addOne(reportKey: string, { projectId, day, ...count }: DayUsage): Promise<void> {
    const key = keyOf.usage(projectId, day)
    for (;;) {
      const found = await readRecord<UsageRecord>(this.#store, key)
      const done = await this.#store.commit({
        expect: [
          { key: reportKey, revision: 0n },
          { key, revision: found?.revision ?? 0n },
        ],
        put: [
          toPut(reportKey, 1, REPORT_MS),
          toPut(key, addUp(found?.value ?? NOTHING, count), KEEP_MS),
        ],
      })
      if (done || (await this.#store.get(reportKey)) !== undefined) return
    }
  }
}

function addUp(a: UsageRecord, b: UsageRecord): UsageRecord {
  return {
    requests: a.requests + b.requests,
    searches: a.searches + b.searches,
    pointsWritten: a.pointsWritten + b.pointsWritten,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    refused: a.refused + b.refused,
  }
}
