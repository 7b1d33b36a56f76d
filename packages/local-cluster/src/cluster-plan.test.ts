import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConfigSpec, loadConfig } from '@vectron/base'
import {
  AUTH_SERVICE,
  gatewayService,
  PLACEMENT_SERVICE,
  RERANKER_SERVICE,
  WORKER_SERVICE,
} from '@vectron/process'
import { nodeSettings, planNodes } from './cluster-plan.ts'

function plan() {
  let port = 6180
  return planNodes({ workers: 2, placement: 3, gateways: 1, rerankers: 1 }, () => port++)
}

const SPECS: Readonly<Record<string, ConfigSpec>> = {
  auth: AUTH_SERVICE.settings,
  gateway: gatewayService([]).settings,
  placement: PLACEMENT_SERVICE.settings,
  reranker: RERANKER_SERVICE.settings,
  worker: WORKER_SERVICE.settings,
}

test('The first gateway has the first ports, and no port is given twice.', () => {
  const nodes = plan()
  assert.deepEqual(nodes[0]?.ports, { http: 6180, grpc: 6181, admin: 6182 })
  const ports = nodes.flatMap((node) => Object.values(node.ports))
  assert.equal(new Set(ports).size, ports.length)
  assert.deepEqual(
    nodes.map(({ name }) => name),
    [
      'gateway-1',
      'placement-1',
      'placement-2',
      'placement-3',
      'auth-1',
      'worker-1',
      'worker-2',
      'reranker-1',
    ],
  )
})

test('The file of every node is what its service takes, and names the others.', () => {
  const nodes = plan()
  const valuesOf = (name: string) => {
    const node = nodes.find((one) => one.name === name)
    assert.ok(node)
    const text = nodeSettings(node, {
      name: 'c',
      nodes,
      dataFolder: `data of ${name}`,
      clusterFolder: '/c',
    })
    const spec = SPECS[node.service]
    assert.ok(spec)
    // biome-ignore lint/suspicious/noExplicitAny: looked into by assertions
    return loadConfig(spec, { file: { path: name, text } }).values as any
  }
  for (const { name } of nodes) assert.equal(valuesOf(name).node.name, name)
  const second = valuesOf('placement-2')
  assert.equal(second.cluster.member, 2)
  assert.equal(second.cluster.members[1], `2@127.0.0.1:${second.grpc.port}/${second.raft.port}`)
  const grpc = `127.0.0.1:${second.grpc.port}`
  assert.equal(valuesOf('worker-2').placement.members[1], grpc)
  assert.equal(valuesOf('reranker-1').placement.members[1], grpc)
  assert.equal(valuesOf('worker-2').data.folder, 'data of worker-2')
  const auth = `127.0.0.1:${valuesOf('auth-1').grpc.port}`
  assert.deepEqual(valuesOf('gateway-1').auth.addresses, [auth])
  assert.equal(valuesOf('gateway-1').audit.file, 'data of gateway-1/audit.log')
})
