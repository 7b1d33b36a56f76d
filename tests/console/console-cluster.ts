/** A cluster of real processes whose console is tested: every service is there. */
import { sendRequest } from '@vectron/testkit'
import { localCluster } from '../cluster/local-cluster.ts'
import type { ConsoleServer } from './open-console.ts'

export async function startConsoleCluster(folder: string): Promise<ConsoleServer> {
  const cluster = localCluster(folder)
  await cluster.create({ workers: 3, placement: 1, gateways: 1, rerankers: 1, port: 0 })
  await cluster.startAll()
  const { url } = await cluster.addresses()
  const address = { url, apiKey: await cluster.createKey('console test') }
  return {
    ...address,
    console: `${url}/?code=${await cluster.createSignInLink()}`,
    request: (method, route, body) => sendRequest(address, method, route, body),
    stop: () => cluster.stop(),
  }
}
