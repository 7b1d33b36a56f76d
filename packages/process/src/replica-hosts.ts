/**
 * Opens a replica host on a folder: a Raft core and a log with the limits of the product.
 */

import { createRaftCore, openRaftLog, type RaftLog } from '@vectron/native'
import { CORE_LIMITS, HOST_LIMITS, ReplicaHost, type Transport } from '@vectron/raft'
import type { Surroundings } from './surroundings.ts'
import { type LogName, timedLog } from './timed-log.ts'

export interface OpenHost {
  readonly host: ReplicaHost
  readonly log: RaftLog
}

/**
 * Closing stops the groups, then closes the log.
 *
 * @throws VectronError DATA_CORRUPT naming the file of the log
 */
export async function openReplicaHost(
  { folder, name }: { readonly folder: string; readonly name: LogName },
  transport: Transport,
  { clock, random, metrics, onFatal, closers }: Surroundings,
): Promise<OpenHost> {
  const log = timedLog(await openRaftLog(folder), { name, metrics, clock })
  closers.add(() => log.close())
  const core = createRaftCore({
    seed: random.nextU64(),
    ...CORE_LIMITS,
  })
  const host = ReplicaHost.open({ core, log, clock, transport, limits: HOST_LIMITS, onFatal })
  closers.add(() => host.close())
  return { host, log }
}
