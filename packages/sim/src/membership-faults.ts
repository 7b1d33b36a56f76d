/**
 * What changes who is in the cluster: disks that are lost, workers that are drained, added and
 * removed, replicas and leaderships that move, search-only replicas that come and go.
 *
 * The disk of a worker is only lost while every shard has all of its voters, and the disk of a
 * placement member once in a run: no system survives the loss of a majority.
 */
import type { Fault, FaultContext } from './fault.ts'
import { mayLoseADisk, takeCensus } from './replica-census.ts'
import type { WorkerProcess } from './worker-process.ts'

export const MEMBERSHIP_FAULTS: readonly Fault[] = [
  { name: 'wipe-worker', weight: 2, strike: wipeWorker },
  { name: 'lose-shard', weight: 2, strike: loseShard },
  { name: 'wipe-placement', weight: 1, strike: wipePlacement },
  { name: 'add-worker', weight: 2, strike: addWorker },
  { name: 'drain', weight: 2, strike: drain },
  { name: 'move', weight: 3, strike: move },
  { name: 'transfer', weight: 3, strike: transfer },
  { name: 'search-replicas', weight: 2, strike: changeSearchReplicas },
]

function wipeWorker(context: FaultContext): void {
  const { cluster, random, later } = context
  if (!mayLoseADisk(cluster)) return
  const worker = random.pick(cluster.startedWorkers)
  worker.wipe()
  later(random.between(5, 4000), () => worker.start())
}

/** The log or the folder of one shard is gone when the worker comes back. */
function loseShard(context: FaultContext): void {
  const { cluster, random, later } = context
  if (!mayLoseADisk(cluster)) return
  const worker = random.pick(cluster.startedWorkers)
  const shard = random.pick([...worker.replicas.keys()])
  if (shard === undefined) return
  worker.crash()
  const log = random.chance(0.6)
  worker.loseShard(shard, { log, folder: !log || random.chance(0.5) })
  later(random.between(5, 2000), () => worker.start())
}

function wipePlacement({ world, cluster, random, later }: FaultContext): void {
  const { placements } = cluster
  if (placements.length < 3 || placements.some(({ wasWiped }) => wasWiped)) return
  const member = random.pick(placements)
  world.trace.add(member.name, 'loses its disk')
  member.wipe()
  later(random.between(5, 2000), () => member.start())
}

function addWorker({ cluster }: FaultContext): void {
  cluster.spareWorker?.start()
}

function drain(context: FaultContext): void {
  const { cluster, random, later } = context
  const { workerId } = random.pick(cluster.startedWorkers)
  cluster.admin.ask(`drain worker ${workerId}`, (client) => client.drainWorker({ workerId }))
  later(random.between(500, 8000), () => {
    const what = `take back the drain of worker ${workerId}`
    cluster.admin.ask(what, (client) => client.drainWorker({ workerId, undo: true }))
  })
}

function move({ cluster, random }: FaultContext): void {
  const picked = pickReplica(cluster.startedWorkers, random)
  if (picked === undefined) return
  const { shard, worker } = picked
  const request = { shardId: shard, fromWorkerId: worker.workerId, toWorkerId: 0n }
  cluster.admin.ask(`move shard ${shard} away from worker ${worker.workerId}`, (client) =>
    client.moveReplica(request),
  )
}

/** Refused when more are asked for than workers are up for. */
function changeSearchReplicas({ cluster, random }: FaultContext): void {
  const { workers, collections } = cluster.shape
  const { name, replicationFactor } = random.pick(collections)
  const searchReplicas = random.nextBelow(workers - replicationFactor + 1)
  const what = `collection ${name} asks for ${searchReplicas} search-only replicas`
  cluster.admin.ask(what, (client) => client.updateCollection({ name, searchReplicas }))
}

function transfer({ cluster, random }: FaultContext): void {
  const [shard] = random.pick([...takeCensus(cluster)]) ?? []
  if (shard === undefined) return
  const request = { shardId: shard, toWorkerId: 0n }
  cluster.admin.ask(`transfer the leadership of shard ${shard}`, (client) =>
    client.transferLeader(request),
  )
}

function pickReplica(workers: readonly WorkerProcess[], random: FaultContext['random']) {
  const worker = random.pick(workers)
  const shard = random.pick([...worker.replicas.keys()])
  return shard === undefined ? undefined : { worker, shard }
}
