/**
 * One node of the simulation: the real RaftCore and the real ReplicaHost on a simulated clock, log
 * and state machine. It can die at any moment and live again from what its disk kept.
 */
import {
  type GroupId,
  groupId,
  LIMITS,
  type Random,
  replicaId,
  toVectronError,
  type VectronError,
} from '@vectron/base'
import { createRaftCore } from '@vectron/native'
import {
  HOST_LIMITS,
  type HostLimits,
  InProcessNetwork,
  type ReleaseRule,
  ReplicaHost,
} from '@vectron/raft'
import { emptyModelStore, ModelMachine, type ModelStore } from './model-machine.ts'
import type { SimClock } from './sim-clock.ts'
import { SimViolation } from './sim-history.ts'
import { SimRaftLog } from './sim-raft-log.ts'

export const SIM_GROUP: GroupId = groupId(1n)
const REPLICA = replicaId(1n)
const MEMBERS = [{ replica: REPLICA, learner: false }]

/** Small limits, so that checkpoints and compactions happen many times in a short run. */
const SIM_LIMITS: HostLimits = {
  ...HOST_LIMITS,
  applyBytesMax: 2048,
  checkpointLogBytes: 8192,
  compactLogBytes: 2048,
}

export interface SimNodeOptions {
  readonly seed: bigint
  readonly clock: SimClock
  readonly random: Random
  readonly release: ReleaseRule
  readonly fsyncMsMax: number
  readonly isDiskFull: () => boolean
  /** The log or the group failed, which nothing in a simulated run is a reason for. */
  readonly onFailed: (error: VectronError) => void
}

/** One life of the process. */
export interface SimLife {
  readonly host: ReplicaHost
  readonly machine: ModelMachine
}

export class SimNode {
  readonly #options: SimNodeOptions
  readonly #store: ModelStore = emptyModelStore()
  #log: SimRaftLog
  #lives = 0n
  #life: SimLife | undefined

  constructor(options: SimNodeOptions) {
    const { clock, random, fsyncMsMax, isDiskFull } = options
    this.#options = options
    this.#log = new SimRaftLog({ clock, random, fsyncMsMax, isFull: isDiskFull })
  }

  get life(): SimLife {
    if (this.#life === undefined) throw new SimViolation('the node is down')
    return this.#life
  }

  /** Begins a life from what the disk kept. */
  async start(): Promise<void> {
    const { clock, random, seed, release, onFailed } = this.#options
    this.#lives += 1n
    const identity = { clusterId: 'sim', nodeId: 1n, bootEpoch: this.#lives }
    const core = createRaftCore({
      seed,
      electionTicks: LIMITS.raftElectionTicks,
      heartbeatTicks: LIMITS.raftHeartbeatTicks,
      messageBytesMax: LIMITS.raftMessageBytesMax,
      inflightMessagesMax: LIMITS.raftInflightMessagesMax,
      uncommittedBytesMax: LIMITS.raftUncommittedBytesMax,
      committedBytesPerPollMax: LIMITS.raftCommittedBytesPerPollMax,
    })
    const host = ReplicaHost.open({
      core,
      log: this.#log,
      clock,
      transport: new InProcessNetwork().connect(identity),
      limits: SIM_LIMITS,
      release,
      onFatal: (error) => onFailed(toVectronError(error)),
      onGroupFailed: (_group, error) => onFailed(error),
    })
    const machine = new ModelMachine({ clock, random, workMsMax: 4 }, this.#store)
    this.#life = { host, machine }
    await host.createGroup(SIM_GROUP, {
      replica: REPLICA,
      bootstrap: MEMBERS,
      stateMachine: machine,
    })
  }

  /** The process dies; of what was not fsynced, the disk keeps some prefix. */
  crash(): void {
    this.#life = undefined
    this.#options.clock.clearTimers()
    this.#log = this.#log.crash()
  }
}
