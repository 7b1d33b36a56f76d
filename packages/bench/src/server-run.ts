/**
 * A real Vectron process over a fresh folder, with a client process beside it: what the benchmarks
 * of the whole product share.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { residentBytes, VectronProcess } from '@vectron/testkit'
import { type Child, startChild } from './child.ts'
import type { LoadTimes } from './client-process.ts'
import { metricOf } from './metric-of.ts'
import type { WordSet } from './words.ts'

export const LOAD = { batchPoints: 1000, inFlight: 4 }

const CORES = '0,1'

export interface ServerRun {
  readonly client: Child
  readonly data: string
  /** The server as it runs now. */
  server(): VectronProcess
  /** Resident bytes of the server. */
  residentBytes(): number
  /** Seconds of all cores that the server has used. */
  cpuSeconds(): Promise<number>
  /** Sum of a metric of the server over its labels. */
  metric(name: string): Promise<number>
  load(set: WordSet): Promise<LoadTimes>
  /** Starts the product again over the same data, after its process has ended. */
  restart(): Promise<void>
  /** Ends both processes and removes the data. */
  close(): Promise<void>
}

/** `env`: settings of the server. */
export async function startServerRun(
  env: Readonly<Record<string, string>> = {},
): Promise<ServerRun> {
  const data = mkdtempSync(join(tmpdir(), 'vectron-bench-'))
  let server = await VectronProcess.start({ data, env })
  const script = join(import.meta.dirname, 'client-process.ts')
  const client = startChild({
    name: 'client',
    program: process.execPath,
    args: [script],
    cores: CORES,
  })
  const connect = () => {
    const { grpc, url, apiKey } = server
    return client.call({ op: 'connect', grpcAddress: grpc, url, apiKey })
  }
  await connect()
  return {
    client,
    data,
    server: () => server,
    residentBytes: () => residentBytes(server.pid),
    cpuSeconds: () => exposed(server, 'process_cpu_seconds_total'),
    metric: (name) => exposed(server, `vectron_${name}`),
    load: (set) => client.call<LoadTimes>({ op: 'load', vectors: set.vectorsFile, ...LOAD }),
    async restart() {
      server = await VectronProcess.start({ data, env })
      await connect()
    },
    async close() {
      await client.close()
      await server.stop()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

async function exposed({ url }: VectronProcess, name: string): Promise<number> {
  return metricOf(await (await fetch(`${url}/metrics`)).text(), name)
}
