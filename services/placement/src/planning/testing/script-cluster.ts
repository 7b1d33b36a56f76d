/**
 * A cluster that a text file drives: the real catalog, observations, driver and planners, over
 * model groups and a clock that only the script moves.
 *
 * A script is read line by line; what a line has happen follows it, indented by two spaces. Lines:
 *
 *     workers 3 [zone=a]            three more workers
 *     collection c shards=1 replicas=3 [search=1] [on=1,2]
 *     search c 2                    the collection asks for two search-only replicas
 *     drive 20s                     time passes, placement does its work
 *     wait 20s                      time passes, placement only listens
 *     plan                          what one round would begin, and what is wrong
 *     show                          the shards by the catalog, and their leaders
 *     kill 3 | start 3              a worker dies, or comes back
 *     lose 3                        the replicas of a worker have lost their data
 *     damage 3                      the replicas of a worker take part, with damaged data
 *     fail 3 | mend 3               the replicas of a worker fail, or do no longer
 *     drain 3 | undrain 3 | remove 3
 *     slow 4 10                     a worker takes in ten entries a second
 *     write 1 5000                  a shard's log grows
 *     bytes 1 5000                  MiB that a shard has
 *     lead 1 2                      the replica of shard 1 on worker 2 leads
 *     joint 1                       a shard cannot leave its joint configuration
 *     fail-over                     another member leads placement: nothing is remembered
 *     move 1 2 4 | transfer 1 2 | rebalance | cancel 1     as a person asks; 0 is "choose"
 */

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { assertDefined, type Clock, createLogger, isVectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import { Catalog } from '../../catalog.ts'
import { versionOf } from '../../catalog-members.ts'
import { Changes } from '../../changes.ts'
import { ClusterHandlers } from '../../cluster-handlers.ts'
import { LeaderMemory, type PlacementContext } from '../../context.ts'
import { Driver } from '../../driver.ts'
import { SOLE_MEMBER } from '../../members.ts'
import { planCollection } from '../../plan-collection.ts'
import { buildAssignments } from '../../routing-message.ts'
import { PLACEMENT_SETTINGS } from '../../settings.ts'
import { buildView } from '../build-view.ts'
import { planRound } from '../plan-round.ts'
import { describeStep } from '../step.ts'
import { ModelGroups } from './model-groups.ts'

const TICK_MS = PLACEMENT_SETTINGS.tickMs
const HEARTBEAT_MS = 1000

type Command = NonNullable<MessageInitShape<typeof placement.CatalogCommandSchema>['command']>

export class ScriptCluster {
  readonly #catalog = new Catalog()
  readonly #groups = new ModelGroups()
  #nowMs = 0
  #index = 0n
  #term = 1n
  #memory: LeaderMemory
  #seenEventId = 0n
  #output: string[] = []
  readonly #driver: Driver
  readonly #handlers: ClusterHandlers

  constructor() {
    this.#memory = this.#freshMemory()
    const leadership = {
      term: this.#term,
      enter: async () => {},
      check: () => {},
      confirm: async () => {},
    }
    const memory = () => this.#memory
    const context: PlacementContext = {
      catalog: {
        state: this.#catalog,
        execute: async (command) => {
          this.#say(`${command.case} ${describeChange(command)}`)
          return this.#apply(command)
        },
      },
      leadership,
      membership: SOLE_MEMBER,
      status: () => undefined,
      settings: PLACEMENT_SETTINGS,
      clock: this.#clock,
      logger: createLogger({ name: 'script', level: 'error', write: (line) => this.#say(line) }),
      changes: new Changes(this.#clock),
      reports: new Changes(this.#clock),
      memory,
    }
    this.#driver = new Driver(context)
    this.#handlers = new ClusterHandlers(context, this.#driver)
  }

  /** Carries a line out; answers what happened. */
  async run(line: string): Promise<string[]> {
    this.#output = []
    const [verb = '', ...words] = line.split(' ')
    try {
      await this.#execute(verb, words)
    } catch (error) {
      if (!isVectronError(error)) throw error
      this.#say(`refused ${error.reason}: ${error.message}`)
    }
    this.#sayEvents()
    return this.#output
  }

  async #execute(verb: string, words: readonly string[]): Promise<void> {
    const [first = '0'] = words
    switch (verb) {
      case 'workers':
        return this.#addWorkers(Number(first), option(words, 'zone', ''))
      case 'collection':
        return this.#addCollection(first, words)
      case 'drive':
        return this.#pass(seconds(first), () => this.#driver.tick())
      case 'wait':
        return this.#pass(seconds(first), async () => {})
      case 'plan':
        return this.#plan()
      case 'show':
        return this.#show()
      case 'search': {
        const value = { name: first, searchReplicas: Number(words[1]) }
        this.#apply({ case: 'changeCollection', value })
        return
      }
      case 'rebalance':
        await this.#handlers.rebalance()
        return
      default: {
        const [one = 0n, two = 0n, three = 0n] = words.map(BigInt)
        if (this.#befall(verb, one, two)) return
        return this.#ask(verb, one, two, three)
      }
    }
  }

  /** What happens to workers and groups; false when it is nothing of that. */
  #befall(verb: string, id: bigint, figure: bigint): boolean {
    switch (verb) {
      case 'kill':
        this.#groups.alive.delete(id)
        return true
      case 'start':
        this.#groups.alive.add(id)
        return true
      case 'lose':
        for (const replicaId of this.#replicasOn(id)) this.#groups.lost.add(replicaId)
        return true
      case 'damage':
        for (const replicaId of this.#replicasOn(id)) this.#groups.damaged.add(replicaId)
        return true
      case 'fail':
        this.#groups.failing.add(id)
        return true
      case 'mend':
        this.#groups.failing.delete(id)
        return true
      case 'slow':
        this.#groups.speeds.set(id, figure)
        return true
      case 'write':
        this.#groups.write(id, figure)
        return true
      case 'bytes':
        this.#groups.bytes.set(id, figure << 20n)
        return true
      case 'joint':
        this.#groups.stuck.add(id)
        return true
      case 'fail-over':
        this.#term += 1n
        this.#memory = this.#freshMemory()
        this.#seenEventId = 0n
        return true
      default:
        return false
    }
  }

  /** What people ask for. */
  async #ask(verb: string, id: bigint, second: bigint, third: bigint): Promise<void> {
    switch (verb) {
      case 'drain':
      case 'undrain':
        this.#apply({ case: 'setDraining', value: { workerId: id, draining: verb === 'drain' } })
        return
      case 'remove': {
        const result = this.#apply({ case: 'removeWorker', value: { workerId: id } })
        if (result.kind === 'refused') this.#say(result.message)
        return
      }
      case 'lead': {
        const { shard } = assertDefined(this.#catalog.shards.get(id), 'the shard is there')
        const replica = shard.replicas.find(({ workerId }) => workerId === second)
        const value = { toReplicaId: replica?.replicaId ?? 0n }
        this.#tell({ shardId: id, command: { case: 'transferLeadership', value } })
        return this.#pass(HEARTBEAT_MS, async () => {})
      }
      case 'move': {
        const request = { shardId: id, fromWorkerId: second, toWorkerId: third }
        await this.#handlers.moveReplica(create(placement.MoveReplicaRequestSchema, request))
        return
      }
      case 'transfer': {
        const request = { shardId: id, toWorkerId: second }
        await this.#handlers.transferLeader(create(placement.TransferLeaderRequestSchema, request))
        return
      }
      case 'cancel':
        this.#driver.cancel(this.#memory.operators.running.get(id)?.operatorId ?? 0n)
        return
      default:
        throw new Error(`a script has no "${verb}"`)
    }
  }

  #addWorkers(count: number, zone: string): void {
    for (let i = 0; i < count; i++) {
      const added = this.#apply({ case: 'addWorker', value: { zone } })
      if (added.kind !== 'worker') continue
      this.#groups.alive.add(added.workerId)
      this.#memory.observations.register(added.workerId)
    }
  }

  async #addCollection(name: string, words: readonly string[]): Promise<void> {
    const replicationFactor = Number(option(words, 'replicas', '3'))
    const hosts = option(words, 'on', '')
    const workers = [...this.#catalog.workers.values()]
      .filter(({ workerId }) => hosts === '' || hosts.split(',').includes(`${workerId}`))
      .map(({ workerId, zone }) => {
        const replicas = this.#catalog.hostedBy(workerId).size
        return { workerId, zone, replicas, leaders: this.#memory.observations.leadersOn(workerId) }
      })
    const shardCount = Number(option(words, 'shards', '1'))
    const searchReplicas = Number(option(words, 'search', '0'))
    const plan = { shardCount, replicationFactor, searchReplicas, workers }
    const shards = planCollection(plan).shards.map(({ workerIds, searchWorkerIds, ...range }) => {
      return { ...range, workerIds: [...workerIds], searchWorkerIds: [...searchWorkerIds] }
    })
    const collection = { name, replicationFactor, searchReplicas }
    this.#apply({ case: 'addCollection', value: { collection, shards } })
    await this.#pass(HEARTBEAT_MS, async () => {})
  }

  async #pass(durationMs: number, tick: () => Promise<void>): Promise<void> {
    const endMs = this.#nowMs + durationMs
    while (this.#nowMs < endMs) {
      this.#nowMs += TICK_MS
      if (this.#nowMs % HEARTBEAT_MS === 0) this.#beat()
      await tick()
      this.#sayEvents()
    }
  }

  /** The groups go on for a second, and every worker that is alive reports. */
  #beat(): void {
    for (const workerId of this.#groups.alive) {
      for (const command of this.#memory.outbox.take(workerId)) {
        const to = command.command.value?.toReplicaId
        this.#say(`told worker ${workerId}: replica ${to} leads shard ${command.shardId}`)
        this.#tell(command)
      }
    }
    this.#groups.step([...this.#catalog.shards.values()].map(({ shard }) => shard))
    for (const workerId of this.#groups.alive) {
      if (!this.#catalog.workers.has(workerId)) continue
      const replicas = this.#groups.reports(workerId, buildAssignments(this.#catalog, workerId))
      const heartbeat = { workerId, bootEpoch: 1n, replicas }
      this.#memory.observations.record(create(placement.HeartbeatRequestSchema, heartbeat))
    }
  }

  #tell(command: MessageInitShape<typeof placement.ShardCommandSchema>): void {
    const { shardId = 0n } = command
    this.#groups.stuck.delete(shardId)
    this.#groups.tell(create(placement.ShardCommandSchema, command))
  }

  #plan(): void {
    const { observations, operators } = this.#memory
    const sources = { catalog: this.#catalog, observations, silence: PLACEMENT_SETTINGS }
    const { proposals, health } = planRound({
      view: buildView(sources, { settings: PLACEMENT_SETTINGS.plan }),
      running: [...operators.running.values()],
      mayRepair: (shardId) => operators.mayRepair(shardId, this.#nowMs),
      mayBalance: (shardId) => operators.mayBalance(shardId, this.#nowMs),
    })
    const { problems, shardsUnderReplicated, shardsWithoutLeader } = health
    if (shardsWithoutLeader > 0) this.#say(`${shardsWithoutLeader} without leader`)
    if (shardsUnderReplicated > 0) this.#say(`${shardsUnderReplicated} under-replicated`)
    for (const problem of problems) this.#say(problem)
    for (const { kind, shardId, reason, steps } of proposals) {
      this.#say(`${kind} of shard ${shardId}: ${reason}`)
      for (const step of steps) this.#say(`  ${describeStep(step)}`)
    }
    if (this.#output.length === 0) this.#say('nothing to do')
  }

  #show(): void {
    for (const { shard } of this.#catalog.shards.values()) {
      const replicas = shard.replicas.map((replica) => {
        const { replicaId, workerId, learner, searchOnly, leaving } = replica
        const kind = searchOnly ? ' search-only' : learner ? ' learner' : ''
        return `${replicaId}@${workerId}${kind}${leaving ? ' leaving' : ''}`
      })
      const leader = this.#memory.observations.leaderOf(shard.shardId)?.workerId ?? 'nowhere'
      const version = versionOf(shard)
      this.#say(`shard ${shard.shardId} v${version}: ${replicas.join(', ')}; led on ${leader}`)
    }
  }

  #replicasOn(workerId: bigint): bigint[] {
    return [...this.#catalog.hostedBy(workerId).values()].flatMap(({ shard }) =>
      shard.replicas.filter((one) => one.workerId === workerId).map(({ replicaId }) => replicaId),
    )
  }

  #apply(command: Command) {
    this.#index += 1n
    const message = create(placement.CatalogCommandSchema, { timeMs: 0n, command })
    return this.#catalog.apply(this.#index, message)
  }

  #sayEvents(): void {
    for (const { text, eventId } of this.#memory.events.after(this.#seenEventId)) {
      this.#seenEventId = eventId
      this.#say(text)
    }
  }

  #say(text: string): void {
    this.#output.push(`  ${(this.#nowMs / 1000).toFixed(1)} ${text}`)
  }

  #freshMemory(): LeaderMemory {
    const settings = PLACEMENT_SETTINGS.plan
    return new LeaderMemory({ clock: this.#clock, term: this.#term, settings, logger: undefined })
  }

  get #clock(): Clock {
    return {
      nowMs: () => this.#nowMs,
      monotonicUs: () => this.#nowMs * 1000,
      setTimer: () => () => {},
    }
  }
}

function describeChange({ value }: placement.CatalogCommand['command']): string {
  const text = Object.entries(value ?? {})
    .filter(([name]) => !name.startsWith('$'))
    .map(([name, one]) => `${name}=${one}`)
  return text.join(' ')
}

function option(words: readonly string[], name: string, otherwise: string): string {
  const word = words.find((one) => one.startsWith(`${name}=`))
  return word?.slice(name.length + 1) ?? otherwise
}

function seconds(text: string): number {
  return Number.parseFloat(text) * 1000
}
