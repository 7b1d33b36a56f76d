/**
 * One run: a cluster, clients, faults, healing, checks.
 *
 * Must stay true: a run that fails says with which seed and command it can be run again, and leaves
 * the logs of all nodes, the record of the faults and the history of the registers.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { seededRandom, systemClock } from '@vectron/base'
import {
  HistoryRecorder,
  type RegisterInput,
  type RegisterOutput,
  WriteLedger,
} from '@vectron/testkit'
import { ApiClient } from './api-client.ts'
import { ChaosCluster, type NetworkKind } from './chaos-cluster.ts'
import { ClusterEye } from './cluster-eye.ts'
import { ALL_FAULTS, type FaultKind, planFaults, QUICK_FAULTS } from './fault-plan.ts'
import {
  checkLedger,
  checkProcesses,
  checkRegisters,
  checkReplicas,
  type Finding,
} from './final-checks.ts'
import { POINTS_COLLECTION, runSearcher, runWriter } from './ingest.ts'
import { Nemesis } from './nemesis.ts'
import {
  REGISTER_COLLECTIONS,
  readAllRegisters,
  registerCollection,
  runRegisterClient,
} from './registers.ts'
import { summarize } from './summary.ts'
import { Tally } from './tally.ts'

const SIZE = { workers: 3, placement: 3, gateways: 2 } as const
const REGISTER_CLIENTS = 8
const WRITERS = 2
const SEARCHERS = 2
const CLIENT_TIMEOUT_MS = 4_000
/** Milliseconds of quiet between two faults, at least and at most. */
const QUIET_MS = [1_000, 4_000] as const
/** A run shorter than this leaves out what takes a minute to heal. */
const LONG_RUN_MS = 150_000
/** Milliseconds in which everything must be replicated in full after healing. */
const REPLICATION_MS = 90_000

export interface ChaosOptions {
  readonly seed: bigint
  readonly durationMs: number
  /** Settings, data and logs of all nodes; made when absent. */
  readonly folder: string
  readonly network: NetworkKind
  /** Only these; default: all that the time allows. */
  readonly kinds?: readonly FaultKind[]
  /** Ends the run early, in order. */
  readonly signal: AbortSignal
  readonly print: (line: string) => void
}

export interface ChaosOutcome {
  readonly passed: boolean
  readonly lines: readonly string[]
}

export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { folder, network, print } = options
  mkdirSync(folder, { recursive: true })
  print(`starting ${SIZE.workers} workers, ${SIZE.placement} placement, ${SIZE.gateways} gateways`)
  const tally = new Tally()
  const onUnaskedEnd = (node: string, exit: string) => tally.endedUnasked(node, exit)
  const cluster = await ChaosCluster.start({ folder, network, size: SIZE, onUnaskedEnd })
  try {
    return await new ChaosRun(options, cluster, tally).run()
  } finally {
    await cluster.stop()
  }
}

class ChaosRun {
  readonly #options: ChaosOptions
  readonly #cluster: ChaosCluster
  readonly #eye: ClusterEye
  readonly #tally: Tally
  readonly #ledger = new WriteLedger()
  readonly #recorder = new HistoryRecorder<RegisterInput, RegisterOutput>(systemClock)
  readonly #record: string[] = []
  readonly #startMs = performance.now()

  constructor(options: ChaosOptions, cluster: ChaosCluster, tally: Tally) {
    this.#options = options
    this.#tally = tally
    this.#cluster = cluster
    this.#eye = new ClusterEye(cluster)
  }

  async run(): Promise<ChaosOutcome> {
    const { signal, durationMs } = this.#options
    await this.#createCollections()
    let isOver = false
    const clients = this.#startClients(() => isOver)
    const endMs = performance.now() + durationMs
    await this.#breakThings(endMs)
    this.#note('everything heals')
    await this.#cluster.heal()
    // Clients go on for a moment, so that the history shows how things are afterwards.
    await new Promise((resolve) => setTimeout(resolve, signal.aborted ? 0 : 2_000))
    isOver = true
    await Promise.all(clients)
    this.#tally.finish()
    const findings = await this.#check()
    const lines = summarize(this.#tally, findings)
    const passed = findings.every(({ violations }) => violations.length === 0)
    this.#keepRecords(lines)
    return { passed, lines }
  }

  async #createCollections(): Promise<void> {
    const wanted = [...REGISTER_COLLECTIONS.map(registerCollection), POINTS_COLLECTION]
    const api = this.#client(0, 60_000)
    for (const collection of wanted) {
      const answer = await api.send('POST', '/v1/collections', collection)
      if (answer.kind === 'answered' && answer.status === 200) continue
      throw new Error(`cannot create ${collection.name}: ${JSON.stringify(answer)}`)
    }
  }

  #startClients(isOver: () => boolean): Promise<void>[] {
    const shared = { tally: this.#tally, ledger: this.#ledger, recorder: this.#recorder, isOver }
    const client = (number: number) => ({
      ...shared,
      number,
      api: this.#client(number, CLIENT_TIMEOUT_MS),
      random: seededRandom(this.#options.seed * 1000n + BigInt(number)),
    })
    const some = (count: number, from: number) =>
      Array.from({ length: count }, (_, index) => client(from + index))
    return [
      ...some(REGISTER_CLIENTS, 0).map(runRegisterClient),
      ...some(WRITERS, 100).map(runWriter),
      ...some(SEARCHERS, 200).map(runSearcher),
    ]
  }

  async #breakThings(endMs: number): Promise<void> {
    const { seed, signal, durationMs } = this.#options
    const kinds = this.#options.kinds ?? (durationMs < LONG_RUN_MS ? QUICK_FAULTS : ALL_FAULTS)
    const random = seededRandom(seed)
    const nemesis = new Nemesis({
      cluster: this.#cluster,
      eye: this.#eye,
      tally: this.#tally,
      record: (text) => this.#note(text),
      signal,
    })
    const plan = planFaults({
      random,
      nodes: this.#cluster.nodes.map(({ name }) => name).filter((name) => name !== 'auth-1'),
      kinds: kinds.filter((kind) => kind !== 'fill disk' || this.#cluster.smallDisk !== undefined),
    })
    for (const fault of plan) {
      const quietMs = QUIET_MS[0] + random.nextBelow(QUIET_MS[1] - QUIET_MS[0])
      await new Promise((resolve) => setTimeout(resolve, signal.aborted ? 0 : quietMs))
      if (signal.aborted || performance.now() > endMs) return
      await nemesis.perform(fault)
    }
  }

  async #check(): Promise<Finding[]> {
    const tally = this.#tally
    const findings: Finding[] = []
    const take = async (what: string, check: () => Finding[] | Promise<Finding[]>) => {
      try {
        findings.push(...(await check()))
      } catch (error) {
        findings.push({ line: what, violations: [`could not be checked: ${error}`] })
      }
    }
    await take('full replication', async () => {
      const ms = await this.#eye.untilReplicated(REPLICATION_MS)
      return [
        { line: `fully replicated ${(ms / 1000).toFixed(1)} s after healing`, violations: [] },
      ]
    })
    await take('registers', async () => {
      const api = this.#client(0, 10_000)
      const random = seededRandom(this.#options.seed)
      await readAllRegisters(this.#recorder, { api, random, recorder: this.#recorder, tally })
      return [checkRegisters(this.#recorder.history())]
    })
    await take('acknowledged writes', async () => [await checkLedger(this.#eye, this.#ledger)])
    await take('replicas', () => checkReplicas(this.#eye, this.#cluster))
    findings.push(...checkProcesses(this.#tally))
    return findings
  }

  #client(number: number, timeoutMs: number): ApiClient {
    const { gatewayUrls: gateways, apiKey } = this.#cluster
    return new ApiClient({ gateways, apiKey, number, timeoutMs })
  }

  #note(text: string): void {
    const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(1).padStart(7)
    const line = `${seconds} s  ${text}`
    this.#record.push(`${new Date().toISOString()} ${line}`)
    this.#options.print(line)
  }

  #keepRecords(lines: readonly string[]): void {
    const { folder } = this.#options
    writeFileSync(path.join(folder, 'faults.log'), `${this.#record.join('\n')}\n`)
    const history = this.#recorder.history().map((operation) => JSON.stringify(operation))
    writeFileSync(path.join(folder, 'registers.jsonl'), `${history.join('\n')}\n`)
    writeFileSync(path.join(folder, 'summary.txt'), `${lines.join('\n')}\n`)
  }
}
