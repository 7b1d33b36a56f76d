/** A cluster of real processes whose console is tested: every service is there. */
import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import type { LocalCluster } from '@vectron/local-cluster'
import { sendRequest } from '@vectron/testkit'
import { localCluster } from '../cluster/local-cluster.ts'
import type { ConsoleServer } from './open-console.ts'

export interface ConsoleCluster extends ConsoleServer {
  /** For tests that kill what is behind the console. */
  readonly cluster: LocalCluster
}

/** @param gatewaySettings more of them, as TOML */
export async function startConsoleCluster(
  folder: string,
  gatewaySettings = '',
): Promise<ConsoleCluster> {
  const cluster = localCluster(folder)
  await cluster.create({ workers: 3, placement: 1, gateways: 1, rerankers: 1, port: 0 })
  await appendFile(path.join(cluster.folder, 'gateway-1', 'gateway.toml'), gatewaySettings)
  await cluster.startAll()
  const { url } = await cluster.addresses()
  const address = { url, apiKey: await cluster.createKey('console test') }
  return {
    ...address,
    cluster,
    console: `${url}/?code=${await cluster.createSignInLink()}`,
    request: (method, route, body) => sendRequest(address, method, route, body),
    stop: () => cluster.stop(),
  }
}
