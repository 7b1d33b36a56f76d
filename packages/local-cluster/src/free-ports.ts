/**
 * Ports that nobody listens on.
 *
 * They are looked for upwards from a base below the range from which the system takes ports for
 * outgoing connections: otherwise such a connection may sit on the port of a node that is down.
 */
import { createServer } from 'node:net'
import { VectronError } from '@vectron/base'
import { HOST } from './cluster-plan.ts'

const PORT_MAX = 65_535

/** Whether this process could listen on the port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, HOST, () => server.close(() => resolve(true)))
  })
}

/** The first `count` free ports from `from` on. */
export async function findFreePorts(from: number, count: number): Promise<number[]> {
  const ports: number[] = []
  for (let port = from; ports.length < count; port++) {
    if (port > PORT_MAX) {
      throw new VectronError('UNAVAILABLE', `There are no ${count} free ports from ${from} on.`)
    }
    if (await isFree(port)) ports.push(port)
  }
  return ports
}
