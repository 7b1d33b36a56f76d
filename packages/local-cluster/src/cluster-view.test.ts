import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { placement } from '@vectron/contracts'
import { grpcAddress, planNodes } from './cluster-plan.ts'
import { buildView } from './cluster-view.ts'

function states(down: string) {
  let port = 6180
  return planNodes({ workers: 2, placement: 3, gateways: 1 }, () => port++).map((node) => ({
    node,
    process:
      node.name === down
        ? ({ kind: 'down' } as const)
        : ({ kind: 'up', pid: node.number } as const),
  }))
}

test('A view names nodes by their folders, and tells who leads, lags and is silent.', () => {
  const seen = states('worker-2')
  const workers = seen.filter(({ node }) => node.service === 'worker')
  const cluster = create(placement.GetClusterResponseSchema, {
    members: [1n, 2n, 3n].map((memberId) => ({ memberId, leader: memberId === 2n })),
    // Ids follow the order of registering, not the names.
    workers: [
      // Its disk was lost, and it came back at the same address under another id.
      { worker: { workerId: 2n, address: grpcAddress(workers[0]?.node ?? assert.fail()) } },
      ...workers
        .map(({ node }, index) => ({
          worker: {
            workerId: BigInt(7 - index),
            address: grpcAddress(node),
            state: index === 0 ? placement.WorkerState.UP : placement.WorkerState.SILENT,
            draining: index === 1,
          },
          replicas: 1,
        }))
        .reverse(),
    ],
    operators: [
      {
        operatorId: 3n,
        kind: 'move_replica',
        shardId: 1n,
        reason: 'balance',
        state: 'running',
        steps: [
          { text: 'add learner 9 on worker 8', state: 'running', progress: 0.5 },
          { text: 'promote learner 9', state: 'waiting' },
        ],
      },
    ],
    problems: ['worker 6 is silent'],
  })
  const shard = create(placement.ShardStatusSchema, {
    shard: {
      shardId: 1n,
      leaderWorkerId: 7n,
      epoch: { membership: 4n },
      replicas: [
        { replicaId: 1n, workerId: 7n },
        { replicaId: 2n, workerId: 6n },
        { replicaId: 9n, workerId: 8n, learner: true },
      ],
    },
    collection: 'c',
    lastIndex: 100n,
    replicas: [
      { replicaId: 1n, workerState: placement.WorkerState.UP },
      { replicaId: 2n, workerState: placement.WorkerState.SILENT, member: { matchIndex: 40n } },
      { replicaId: 9n, member: { matchIndex: 0n, snapshot: true } },
    ],
  })
  const view = buildView(seen, { cluster, shards: [shard] })

  assert.deepEqual(
    view.nodes.map(({ name, state, role }) => [name, state, role]),
    [
      ['placement-1', 'up', 'follower'],
      ['placement-2', 'up', 'leader'],
      ['placement-3', 'up', 'follower'],
      ['worker-1', 'up', 'up'],
      ['worker-2', 'down', 'silent, draining'],
      ['auth-1', 'up', ''],
      ['gateway-1', 'up', ''],
    ],
  )
  assert.equal(view.nodes[3]?.workerId, 7)
  assert.deepEqual(view.shards[0]?.replicas, [
    { node: 'worker-1', role: 'leader', lag: 0, trouble: '' },
    { node: 'worker-2', role: 'follower', lag: 60, trouble: 'silent' },
    { node: 'worker id 8', role: 'learner', lag: 100, trouble: 'receiving snapshot' },
  ])
  assert.equal(view.shards[0]?.leader, 'worker-1')
  assert.equal(view.operators[0]?.step, 'add learner 9 on worker 8 50 %')
  assert.deepEqual(view.problems, ['worker 6 is silent'])
})

test('Without a word of placement a view still tells the processes.', () => {
  const view = buildView(states('gateway-1'), undefined)
  assert.equal(view.nodes.at(-1)?.state, 'down')
  assert.deepEqual(view.shards, [])
})
