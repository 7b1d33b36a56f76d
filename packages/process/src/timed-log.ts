/** A Raft log whose appends are timed: each ends when its bytes are on stable storage. */

import type { Clock, Metrics } from '@vectron/base'
import type { RaftLog } from '@vectron/native'

/** Whose log it is: one process may have both. */
export type LogName = 'placement' | 'worker'

export function timedLog(
  log: RaftLog,
  { name, metrics, clock }: { name: LogName; metrics: Metrics; clock: Clock },
): RaftLog {
  const seconds = metrics
    .histogram({
      name: 'raft_log_append_seconds',
      help: 'Time of an append to a Raft log of all groups, until it is on stable storage.',
      labels: ['log'],
    })
    .labels(name)
  const bytes = metrics
    .counter({
      name: 'raft_log_appended_bytes_total',
      help: 'Bytes appended to a Raft log.',
      labels: ['log'],
    })
    .labels(name)
  return {
    groups: () => log.groups(),
    load: (group) => log.load(group),
    read: (group, low, bytesMax) => log.read(group, low, bytesMax),
    append: async (batch) => {
      const startUs = clock.monotonicUs()
      await log.append(batch)
      seconds.observe((clock.monotonicUs() - startUs) / 1e6)
      bytes.inc(batch.length)
    },
    compact: (group, index) => log.compact(group, index),
    remove: (group) => log.remove(group),
    diskBytes: () => log.diskBytes(),
    close: () => log.close(),
  }
}
