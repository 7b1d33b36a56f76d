/** What may be killed and started for a demonstration, and what may not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isVectronError } from '@vectron/base'
import type { PlannedNode } from './cluster-plan.ts'
import { DemoNodes } from './demo-nodes.ts'
import type { LocalCluster, NodeState } from './local-cluster.ts'

const NODES: readonly PlannedNode[] = [
  { name: 'gateway-1', service: 'gateway', number: 1, ports: { grpc: 1 } },
  { name: 'auth-1', service: 'auth', number: 1, ports: { grpc: 2 } },
  { name: 'placement-1', service: 'placement', number: 1, ports: { grpc: 3 } },
  { name: 'worker-1', service: 'worker', number: 1, ports: { grpc: 4 } },
  { name: 'worker-2', service: 'worker', number: 2, ports: { grpc: 5 } },
]

/** A cluster whose processes are names in a set. */
class Cluster implements Pick<LocalCluster, 'states' | 'find' | 'kill' | 'startNode'> {
  readonly up = new Set(NODES.map(({ name }) => name))
  readonly starts: PromiseWithResolvers<void>[] = []

  async states(): Promise<NodeState[]> {
    return NODES.map((node) => ({
      node,
      process: this.up.has(node.name) ? { kind: 'up', pid: node.number } : { kind: 'down' },
    }))
  }

  async find(name: string): Promise<PlannedNode> {
    const node = NODES.find((one) => one.name === name)
    assert.ok(node)
    return node
  }

  async kill(name: string): Promise<void> {
    this.up.delete(name)
  }

  async startNode(name: string): Promise<void> {
    const starting = Promise.withResolvers<void>()
    this.starts.push(starting)
    await starting.promise
    this.up.add(name)
  }
}

function demo() {
  const cluster = new Cluster()
  const nodes = new DemoNodes(cluster as unknown as LocalCluster)
  const stateOf = async (name: string) => (await nodes.list()).find((one) => one.name === name)
  return { cluster, nodes, stateOf }
}

const tick = () => new Promise((resolve) => setImmediate(resolve))

test('what people look through and sign in by is not offered', async () => {
  const { cluster, nodes } = demo()
  const names = (await nodes.list()).map(({ name }) => name)
  assert.deepEqual(names, ['placement-1', 'worker-1', 'worker-2'])
  const isRefused = (error: unknown) =>
    isVectronError(error, 'INVALID_ARGUMENT') && error.field === 'node'
  await assert.rejects(nodes.kill('gateway-1'), isRefused)
  await assert.rejects(nodes.start('auth-1'), isRefused)
  assert.equal(cluster.up.size, NODES.length)
})

test('a node that was killed is down, then starting, then up', async () => {
  const { cluster, nodes, stateOf } = demo()
  const killed = await nodes.kill('worker-2')
  assert.deepEqual(killed, {
    name: 'worker-2',
    service: 'worker',
    address: '127.0.0.1:5',
    state: 'down',
    failure: '',
  })
  assert.equal((await nodes.start('worker-2')).state, 'starting')
  await assert.rejects(nodes.start('worker-2'), (error) => isVectronError(error, 'CONFLICT'))
  cluster.starts[0]?.resolve()
  await tick()
  assert.equal((await stateOf('worker-2'))?.state, 'up')
})

test('nodes start one after the other, and one that does not start says why', async () => {
  const { cluster, nodes, stateOf } = demo()
  await nodes.kill('worker-1')
  await nodes.kill('worker-2')
  await nodes.start('worker-1')
  await nodes.start('worker-2')
  assert.equal(cluster.starts.length, 1)
  cluster.starts[0]?.reject(new Error('its port is taken'))
  await tick()
  assert.equal(cluster.starts.length, 2)
  const failed = await stateOf('worker-1')
  assert.equal(failed?.state, 'down')
  assert.match(failed?.failure ?? '', /its port is taken|not foreseen|internal/i)
  assert.equal((await stateOf('worker-2'))?.state, 'starting')
})
