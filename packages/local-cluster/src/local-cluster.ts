/**
 * LocalCluster: a cluster of real processes on this machine, in one folder.
 *
 *   <folder>/cluster.json        the nodes and their ports
 *   <folder>/cluster.secret      by which the nodes know each other
 *   <folder>/<node>/<service>.toml, data/, log.jsonl, ready.json, process.json
 *
 * Nothing of it lives in this process: each call finds the nodes by their files, so any number of
 * commands may look at a cluster, one at a time may change it, and all may end before it does.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  type Clock,
  type Disk,
  didYouMean,
  isVectronError,
  loadConfig,
  lockFolder,
  type Random,
  VectronError,
} from '@vectron/base'
import { AUTH_SERVICE, createKey, createSignInLink } from '@vectron/process'
import { type ClusterFile, readClusterFile, writeClusterFile } from './cluster-file.ts'
import {
  type ClusterCounts,
  clusterSecretPath,
  grpcAddress,
  HOST,
  nodeFiles,
  nodeSettings,
  type PlannedNode,
  planNode,
  planNodes,
} from './cluster-plan.ts'
import { findFreePorts, isFree } from './free-ports.ts'
import {
  type ProcessState,
  processState,
  signalProcess,
  spawnNode,
  waitForEnd,
} from './node-process.ts'
import { waitUntilReady } from './ready-line.ts'

export interface LocalClusterOptions {
  readonly folder: string
  /** Starts `vectron`: program and first arguments, before `worker --config ...`. */
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  /** Told of each step that takes a while. */
  readonly onProgress?: (text: string) => void
}

export interface NewCluster extends ClusterCounts {
  /** Port of the first gateway's HTTP; gRPC has the next; 0: any free ones. */
  readonly port: number
}

export interface NodeState {
  readonly node: PlannedNode
  readonly process: ProcessState
}

/** Milliseconds until a node must be ready: the first start of a machine compiles all code. */
const READY_TIMEOUT_MS = 120_000
/** Milliseconds for a clean stop, before the process is killed. */
const STOP_TIMEOUT_MS = 30_000
const KILL_TIMEOUT_MS = 10_000
/** Where free ports are looked for when any will do. */
const ANY_PORT_FROM = 10_000
const ANY_PORT_SPREAD = 20_000
/** Order of stopping: who asks before who answers. */
const STOP_ORDER = ['gateway', 'reranker', 'worker', 'auth', 'placement'] as const

export class LocalCluster {
  readonly folder: string
  readonly #options: LocalClusterOptions

  constructor(options: LocalClusterOptions) {
    this.folder = resolve(options.folder)
    this.#options = options
  }

  /** undefined when none was made in the folder. */
  read(): Promise<ClusterFile | undefined> {
    return readClusterFile(this.#options.disk, this.folder)
  }

  /** Plans a new cluster and writes its files; starts nothing. */
  create(wanted: NewCluster): Promise<ClusterFile> {
    return this.#change(async () => {
      const rerankerPorts = (wanted.rerankers ?? 0) * 2
      const counts = [
        wanted.gateways * 3,
        wanted.placement * 3,
        3,
        wanted.workers * 3,
        rerankerPorts,
      ]
      const ports = await this.#choosePorts(
        wanted,
        counts.reduce((sum, count) => sum + count),
      )
      const nodes = planNodes(wanted, () => ports.shift() ?? 0)
      const name = `local-${this.#options.random.nextU64().toString(16).padStart(16, '0')}`
      const cluster: ClusterFile = { format: 1, name, nodes }
      for (const node of nodes) await this.#writeSettings(node, cluster)
      await writeClusterFile(this.#options.disk, this.folder, cluster)
      return cluster
    })
  }

  /** Starts every node that is down; settles when all are ready. Answers which were started. */
  startAll(): Promise<PlannedNode[]> {
    return this.#change(async () => {
      const down = (await this.states()).filter(({ process }) => process.kind === 'down')
      const nodes = down.map(({ node }) => node)
      try {
        await this.#startNodes(nodes)
      } catch (error) {
        await Promise.all(nodes.map((node) => this.#stopNode(node)))
        throw error
      }
      return nodes
    })
  }

  /** Each node with the state of its process. */
  async states(): Promise<NodeState[]> {
    const { nodes } = await this.#mustRead()
    return nodes.map((node) => ({ node, process: this.#stateOf(node) }))
  }

  /** Stops all nodes cleanly; answers the names of those that had to be killed. */
  stop(): Promise<string[]> {
    return this.#change(async () => {
      const { nodes } = await this.#mustRead()
      const killed: string[] = []
      for (const service of STOP_ORDER) {
        const theirs = nodes.filter((node) => node.service === service)
        const clean = await Promise.all(theirs.map((node) => this.#stopNode(node)))
        killed.push(...theirs.filter((_, index) => !clean[index]).map(({ name }) => name))
      }
      return killed
    })
  }

  /** kill -9 */
  async kill(name: string): Promise<void> {
    const node = await this.find(name)
    const { process } = this.#files(node)
    if (!signalProcess(process, 'SIGKILL')) throw isDown(node)
    if (await waitForEnd(process, this.#options.clock, KILL_TIMEOUT_MS)) return
    throw new VectronError('UNAVAILABLE', `${name} does not end, although it was killed.`)
  }

  /** Starts a node that is down. */
  startNode(name: string): Promise<void> {
    return this.#change(async () => {
      const node = await this.find(name)
      const state = this.#stateOf(node)
      if (state.kind !== 'down') {
        throw new VectronError('CONFLICT', `${name} is ${state.kind} already (pid ${state.pid}).`)
      }
      await this.#startNodes([node])
    })
  }

  /** Plans, writes and starts one more worker. */
  addWorker(): Promise<PlannedNode> {
    return this.#change(async () => {
      const cluster = await this.#mustRead()
      const workers = cluster.nodes.filter(({ service }) => service === 'worker')
      const number = Math.max(0, ...workers.map((worker) => worker.number)) + 1
      const taken = new Set(cluster.nodes.flatMap(({ ports }) => Object.values(ports)))
      const candidates = await findFreePorts(Math.min(...taken), 3 + taken.size)
      const ports = candidates.filter((port) => !taken.has(port))
      const node = planNode('worker', number, () => ports.shift() ?? 0)
      const grown = { ...cluster, nodes: [...cluster.nodes, node] }
      await this.#writeSettings(node, grown)
      await writeClusterFile(this.#options.disk, this.folder, grown)
      await this.#startNodes([node])
      return node
    })
  }

  /** SIGSTOP: the process stands still, its sockets stay open. */
  async pause(name: string): Promise<void> {
    const node = await this.find(name)
    if (!signalProcess(this.#files(node).process, 'SIGSTOP')) throw isDown(node)
  }

  /** SIGCONT */
  async resume(name: string): Promise<void> {
    const node = await this.find(name)
    if (!signalProcess(this.#files(node).process, 'SIGCONT')) throw isDown(node)
  }

  /** File of a node's log. */
  logOf(node: PlannedNode): string {
    return this.#files(node).log
  }

  /** @throws VectronError INVALID_ARGUMENT naming the nodes that there are */
  async find(name: string): Promise<PlannedNode> {
    const { nodes } = await this.#mustRead()
    const node = nodes.find((one) => one.name === name)
    if (node !== undefined) return node
    const names = nodes.map((one) => one.name)
    throw new VectronError(
      'INVALID_ARGUMENT',
      `There is no node "${name}".${didYouMean(name, names)} Nodes: ${names.join(', ')}.`,
      { field: 'node' },
    )
  }

  /** Makes an API key; the authenticator may run or not. */
  async createKey(name: string): Promise<string> {
    return createKey(await this.#authSettings(), name)
  }

  /** Signs the owner in, once; undefined when the owner has a password. */
  async createSignInLink(): Promise<string | undefined> {
    return createSignInLink(await this.#authSettings())
  }

  async #authSettings() {
    const file = nodeFiles(this.folder, 'auth-1').settings
    const text = await readFile(file, 'utf8')
    const { values } = loadConfig(AUTH_SERVICE.settings, { file: { path: file, text } })
    return values
  }

  /** Where clients reach the first gateway. */
  async addresses(): Promise<{ readonly url: string; readonly grpc: string }> {
    const { nodes } = await this.#mustRead()
    const gateway = nodes.find(({ service }) => service === 'gateway')
    if (gateway === undefined) return { url: '', grpc: '' }
    return { url: `http://${HOST}:${gateway.ports.http}`, grpc: grpcAddress(gateway) }
  }

  #files(node: PlannedNode) {
    return nodeFiles(this.folder, node.name)
  }

  #stateOf(node: PlannedNode): ProcessState {
    return processState(this.#files(node).process)
  }

  async #mustRead(): Promise<ClusterFile> {
    const cluster = await this.read()
    if (cluster !== undefined) return cluster
    throw new VectronError(
      'INVALID_ARGUMENT',
      `There is no cluster in ${this.folder}. Make one: vectron cluster start`,
      { subject: this.folder },
    )
  }

  /** One command at a time may start and stop nodes. */
  async #change<T>(work: () => Promise<T>): Promise<T> {
    const lock = lockFor(this.folder)
    try {
      return await work()
    } finally {
      lock.release()
    }
  }

  async #choosePorts({ port, gateways }: NewCluster, count: number): Promise<number[]> {
    if (port === 0) {
      const from = ANY_PORT_FROM + Math.floor(this.#options.random.nextFloat() * ANY_PORT_SPREAD)
      return findFreePorts(from, count)
    }
    const publicPorts = gateways === 0 ? [] : [port, port + 1]
    for (const one of publicPorts) {
      if (await isFree(one)) continue
      throw new VectronError(
        'CONFLICT',
        `Port ${one} is in use by another process. Choose others: --port ${port + 100}, or ` +
          '--port 0 for any free ones.',
        { subject: 'port' },
      )
    }
    const rest = await findFreePorts(port + publicPorts.length, count - publicPorts.length)
    return [...publicPorts, ...rest]
  }

  async #writeSettings(node: PlannedNode, { name, nodes }: ClusterFile): Promise<void> {
    const files = this.#files(node)
    await mkdir(files.folder, { recursive: true })
    const context = { name, nodes, dataFolder: files.data, clusterFolder: this.folder }
    await writeFile(files.settings, nodeSettings(node, context))
  }

  async #startNodes(nodes: readonly PlannedNode[]): Promise<void> {
    const { command, env, clock, onProgress } = this.#options
    const sharedSecret = ['--set', `trust.secretFile=${clusterSecretPath(this.folder)}`]
    const starting = nodes.map((node) => {
      const files = this.#files(node)
      spawnNode({
        command: [...command, node.service, '--config', files.settings, ...sharedSecret],
        folder: files.folder,
        env: withoutSettings(env),
        output: files.output,
        log: files.log,
        record: files.process,
      })
      return { ...files, name: node.name, clock, timeoutMs: READY_TIMEOUT_MS }
    })
    let ready = 0
    const waiting = starting.map(async (wait) => {
      await waitUntilReady(wait)
      ready += 1
      onProgress?.(`${wait.name} is ready (${ready} of ${nodes.length})`)
    })
    await Promise.all(waiting)
  }

  /** Whether it ended by itself, or was down already. */
  async #stopNode(node: PlannedNode): Promise<boolean> {
    const { process } = this.#files(node)
    const { clock, onProgress } = this.#options
    if (!signalProcess(process, 'SIGTERM')) return true
    // A paused process sees the signal only when it goes on.
    signalProcess(process, 'SIGCONT')
    const isClean = await waitForEnd(process, clock, STOP_TIMEOUT_MS)
    if (!isClean && signalProcess(process, 'SIGKILL')) {
      await waitForEnd(process, clock, KILL_TIMEOUT_MS)
    }
    onProgress?.(`${node.name} ${isClean ? 'stopped' : 'was killed: it did not stop in time'}`)
    return isClean
  }
}

function lockFor(folder: string) {
  try {
    return lockFolder(folder)
  } catch (error) {
    if (!isVectronError(error, 'DATA_IN_USE')) throw error
    const message = `Another vectron cluster command is at work in ${folder}. Wait for it to end.`
    throw new VectronError('CONFLICT', message, { subject: folder, cause: error })
  }
}

function isDown({ name }: PlannedNode): VectronError {
  const message = `${name} is down already. Start it: vectron cluster start ${name}`
  return new VectronError('CONFLICT', message, { subject: name })
}

/** Settings of the environment are meant for one process, not for all of a cluster. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('VECTRON__')))
}
