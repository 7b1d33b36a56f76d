/** What can be sent to a Vectron that was started for it, by name. */
import { seededRandom } from '@vectron/base'
import {
  auth,
  grpcHealth,
  grpcReflection,
  PUBLIC_SERVICES,
  placement,
  rerank,
  worker,
} from '@vectron/contracts'
import { type FuzzedCluster, startFuzzedCluster } from './fuzzed-cluster.ts'
import { type FuzzedVectron, ROLES, startFuzzedVectron } from './fuzzed-vectron.ts'
import { fuzzGrpc } from './grpc-fuzz.ts'
import { formatVerdict, MemoryRecord } from './memory-record.ts'
import { fuzzPeers } from './peer-fuzz.ts'
import { runSchemathesis } from './schemathesis-run.ts'

export interface FuzzRun {
  readonly seed: number
  /** At least as many are sent. */
  readonly requests: number
  readonly print: (line: string) => void
}

export interface FuzzOutcome {
  readonly requests: number
  /** What was wrong, for people; empty when nothing was. */
  readonly findings: string
}

type Fuzzer = (run: FuzzRun) => Promise<FuzzOutcome>

export const FUZZERS = {
  http: (run) => overVectron(run, fuzzHttp),
  grpc: (run) => overVectron(run, fuzzPublicGrpc),
  internal: fuzzInternal,
} as const satisfies Record<string, Fuzzer>

export type FuzzerName = keyof typeof FUZZERS

/** Random requests for each operation in one run of schemathesis. */
const EXAMPLES = 100

/** Of the gateway's gRPC port. */
const GRPC_SERVICES = [...PUBLIC_SERVICES, grpcHealth.Health, grpcReflection.ServerReflection]

const INTERNAL_SERVICES = {
  placement: [placement.Placement],
  worker: [worker.Worker],
  reranker: [rerank.Reranker],
  auth: [auth.Auth, auth.Accounts, auth.Projects, auth.ApiKeys, auth.Tokens],
} as const

/** Over a Vectron of its own, whose memory must be flat. */
async function overVectron(
  run: FuzzRun,
  fuzz: (vectron: FuzzedVectron, run: FuzzRun) => Promise<FuzzOutcome>,
): Promise<FuzzOutcome> {
  const running = await startFuzzedVectron()
  try {
    const memory = new MemoryRecord(running.process.pid)
    const outcome = await fuzz(running, run)
    return withMemory(outcome, 'vectron', memory, run)
  } finally {
    await running.close()
  }
}

function withMemory(
  { requests, findings }: FuzzOutcome,
  name: string,
  memory: MemoryRecord,
  { print }: FuzzRun,
): FuzzOutcome {
  const verdict = memory.stop()
  const text = `${name}: ${formatVerdict(verdict)}`
  print(text)
  const grown = verdict.flat ? [] : [text]
  return { requests, findings: [findings, ...grown].filter((each) => each !== '').join('\n') }
}

/** The OpenAPI document, by each role in turn. */
async function fuzzHttp(
  running: FuzzedVectron,
  { seed, requests, print }: FuzzRun,
): Promise<FuzzOutcome> {
  let sent = 0
  for (let turn = 0; sent < requests; turn++) {
    const role = ROLES[turn % ROLES.length] ?? 'owner'
    const coverage = turn < ROLES.length
    const run = { role, seed: seed + turn, coverage, examples: EXAMPLES }
    const outcome = await runSchemathesis(running, run)
    sent += outcome.requests
    print(`http: ${sent} requests sent, the last ${outcome.requests} as ${role}`)
    if (outcome.findings !== '') return { requests: sent, findings: outcome.findings }
  }
  return { requests: sent, findings: '' }
}

/** Every method that the gateway serves. */
async function fuzzPublicGrpc(
  running: FuzzedVectron,
  { seed, requests }: FuzzRun,
): Promise<FuzzOutcome> {
  return fuzzGrpc({
    address: running.process.grpc,
    services: GRPC_SERVICES,
    headers: { authorization: `Bearer ${await running.credential('owner')}` },
    known: running.known,
    seed,
    calls: requests,
  })
}

/** The ports between the processes of a cluster: gRPC of each service, and Raft. */
async function fuzzInternal(run: FuzzRun): Promise<FuzzOutcome> {
  const cluster = await startFuzzedCluster(seededRandom(BigInt(run.seed)))
  try {
    const targets = cluster.nodes.flatMap((node) => fuzzersOf(node, cluster, run))
    let sent = 0
    for (const { name, pid, fuzz } of targets) {
      const memory = new MemoryRecord(pid)
      const outcome = withMemory(
        await fuzz(Math.ceil(run.requests / targets.length)),
        name,
        memory,
        run,
      )
      sent += outcome.requests
      if (outcome.findings !== '') return { requests: sent, findings: outcome.findings }
    }
    return { requests: sent, findings: '' }
  } finally {
    await cluster.close()
  }
}

function fuzzersOf(
  { service, pid, grpc, raft }: FuzzedCluster['nodes'][number],
  { secret }: FuzzedCluster,
  { seed }: FuzzRun,
) {
  if (service === 'gateway') return []
  const headers = { 'x-vectron-secret': secret }
  const known = { collection: ['one'] }
  const overGrpc = (calls: number) => {
    const services = INTERNAL_SERVICES[service]
    return fuzzGrpc({ address: `127.0.0.1:${grpc}`, services, headers, known, seed, calls })
  }
  const found = [{ name: `${service}, gRPC`, pid, fuzz: overGrpc }]
  if (raft === undefined) return found
  const overPeers = (connections: number) => fuzzPeers({ port: raft, seed, connections })
  return [...found, { name: `${service}, Raft`, pid, fuzz: overPeers }]
}
