/**
 * Opens a replica host on a folder: a Raft core and a log with the limits of the product.
 */

import { type Clock, LIMITS, type Random } from '@vectron/base'
import { createRaftCore, openRaftLog, type RaftLog } from '@vectron/native'
import { HOST_LIMITS, InProcessNetwork, ReplicaHost } from '@vectron/raft'

export interface HostOptions {
  /** Where the log lies. */
  readonly folder: string
  readonly clusterId: string
  readonly nodeId: bigint
  readonly clock: Clock
  readonly random: Random
  readonly onFatal: (error: unknown) => void
}

export interface OpenHost {
  readonly host: ReplicaHost
  readonly log: RaftLog
  /** Stops the groups, then closes the log. */
  close(): Promise<void>
}

/** @throws VectronError DATA_CORRUPT naming the file of the log */
export async function openReplicaHost(options: HostOptions): Promise<OpenHost> {
  const { folder, clusterId, nodeId, clock, random, onFatal } = options
  const log = await openRaftLog(folder)
  const core = createRaftCore({
    seed: random.nextU64(),
    electionTicks: LIMITS.raftElectionTicks,
    heartbeatTicks: LIMITS.raftHeartbeatTicks,
    messageBytesMax: LIMITS.raftMessageBytesMax,
    inflightMessagesMax: LIMITS.raftInflightMessagesMax,
    uncommittedBytesMax: LIMITS.raftUncommittedBytesMax,
    committedBytesPerPollMax: LIMITS.raftCommittedBytesPerPollMax,
  })
  const identity = { clusterId, nodeId, bootEpoch: BigInt(clock.nowMs()) }
  const transport = new InProcessNetwork().connect(identity)
  const host = ReplicaHost.open({ core, log, clock, transport, limits: HOST_LIMITS, onFatal })
  return {
    host,
    log,
    close: async () => {
      await host.close()
      await log.close()
    },
  }
}
