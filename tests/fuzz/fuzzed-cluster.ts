/** A cluster of real processes, one of each kind, to send nonsense to behind the gateway. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Random } from '@vectron/base'
import { clusterSecretPath } from '@vectron/local-cluster'
import { localCluster } from '../cluster/local-cluster.ts'

export interface FuzzedCluster {
  readonly nodes: readonly {
    readonly service: 'auth' | 'gateway' | 'placement' | 'reranker' | 'worker'
    readonly pid: number
    readonly grpc: number
    readonly raft: number | undefined
  }[]
  /** By which processes of this machine know each other. */
  readonly secret: string
  close(): Promise<void>
}

export async function startFuzzedCluster(random: Random): Promise<FuzzedCluster> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vectron-fuzz-cluster-'))
  const cluster = localCluster(folder, random)
  await cluster.create({ workers: 1, placement: 1, gateways: 1, rerankers: 1, port: 0 })
  await cluster.startAll()
  const nodes = (await cluster.states()).map(({ node, process: state }) => {
    if (state.kind !== 'up') throw new Error(`${node.name} is ${state.kind}`)
    const { grpc = 0, raft } = node.ports
    return { service: node.service, pid: state.pid, grpc, raft }
  })
  return {
    nodes,
    secret: readFileSync(clusterSecretPath(folder), 'utf8').trim(),
    close: async () => {
      await cluster.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
