/**
 * Carries out faults on a cluster, one after the other, and heals each before the next.
 *
 * Every fault and its end are noted with their times in the run's record and in the log of each
 * node that they hit.
 */

import type { ChaosCluster } from './chaos-cluster.ts'
import { partition } from './chaos-network.ts'
import type { ChaosNode } from './chaos-node.ts'
import type { ClusterEye } from './cluster-eye.ts'
import type { Fault, Target } from './fault-plan.ts'
import { REGISTER_COLLECTIONS } from './registers.ts'
import type { Tally } from './tally.ts'

export interface NemesisOptions {
  readonly cluster: ChaosCluster
  readonly eye: ClusterEye
  readonly tally: Tally
  /** Told of each fault when it begins. */
  readonly record: (text: string) => void
  /** Ends a fault early, when the run is interrupted. */
  readonly signal: AbortSignal
}

/** Milliseconds for a lost disk's replicas to be whole again before anything else may go wrong. */
const REBUILD_MS = 120_000

export class Nemesis {
  readonly #options: NemesisOptions

  constructor(options: NemesisOptions) {
    this.#options = options
  }

  /** Settles when the fault is over and undone. */
  async perform(fault: Fault): Promise<void> {
    const { tally } = this.#options
    tally.countFault(fault.kind)
    try {
      await this.#perform(fault)
    } finally {
      tally.fault = `after ${tally.fault}`
    }
  }

  async #perform(fault: Fault): Promise<void> {
    const { cluster, eye } = this.#options
    switch (fault.kind) {
      case 'kill':
        return this.#kill([await this.#find(fault.target)], fault.downMs, fault.kind)
      case 'kill all workers':
        return this.#kill(cluster.of('worker'), fault.downMs, fault.kind)
      case 'pause': {
        const node = await this.#find(fault.target)
        this.#begin(`pause ${node.name} for ${fault.ms} ms`, [node])
        node.pause()
        await this.#wait(fault.ms)
        node.resume()
        return
      }
      case 'isolate leader':
        return this.#isolate(await this.#find(fault.target), fault.ms)
      case 'split off minority':
        return this.#splitOff(fault.number, fault.ms)
      case 'cut one way':
        return this.#cutOneWay(await this.#find(fault.target), fault.ms)
      case 'flap':
        return this.#flap(await this.#find(fault.target), fault)
      case 'lose packets':
        this.#begin(`lose ${fault.percent} % of all packets for ${fault.ms} ms`, cluster.nodes)
        await cluster.network.setLoss(fault.percent)
        await this.#wait(fault.ms)
        return cluster.network.heal()
      case 'fill disk':
        return this.#fillDisk(fault.ms)
      case 'jump clock':
        return this.#jumpClock(await this.#find(fault.target), fault)
      case 'transfer leader':
        this.#begin('transfer the leadership of each register', [])
        await eye.transferLeaders(REGISTER_COLLECTIONS)
        return this.#wait(1000)
      case 'lose disk':
        return this.#loseDisk(fault.number)
    }
  }

  async #kill(nodes: readonly ChaosNode[], downMs: number, what: string): Promise<void> {
    const names = nodes.map(({ name }) => name).join(', ')
    this.#begin(`${what}: ${names} down for ${downMs} ms`, nodes)
    await Promise.all(nodes.map((node) => node.kill()))
    await this.#wait(downMs)
    for (const node of nodes) node.start()
    await Promise.all(nodes.map((node) => node.untilReady()))
  }

  async #isolate(node: ChaosNode, ms: number): Promise<void> {
    this.#begin(`isolate leader ${node.name} for ${ms} ms`, [node])
    const { network } = this.#options.cluster
    await network.setCuts(partition([node.name], this.#others([node.name])))
    await this.#wait(ms)
    await network.heal()
  }

  /** The minority has a gateway and so clients of its own, which it must not answer wrongly. */
  async #splitOff(number: number, ms: number): Promise<void> {
    const { network } = this.#options.cluster
    const minority = [`worker-${number}`, `placement-${number}`, 'gateway-2']
    const nodes = minority.map((name) => this.#options.cluster.node(name))
    this.#begin(`split off ${minority.join(', ')} for ${ms} ms`, nodes)
    await network.setCuts(partition(minority, this.#others([...minority, 'auth-1'])))
    await this.#wait(ms)
    await network.heal()
  }

  async #cutOneWay(node: ChaosNode, ms: number): Promise<void> {
    this.#begin(`lose what ${node.name} sends to other nodes for ${ms} ms`, [node])
    const { network } = this.#options.cluster
    await network.setCuts(this.#others([node.name]).map((to) => ({ from: node.name, to })))
    await this.#wait(ms)
    await network.heal()
  }

  async #flap(node: ChaosNode, flap: Extract<Fault, { kind: 'flap' }>): Promise<void> {
    const { cutMs, openMs, times } = flap
    this.#begin(`flap ${node.name}: ${times} times cut ${cutMs} ms, open ${openMs} ms`, [node])
    const { network } = this.#options.cluster
    for (let time = 0; time < times; time++) {
      await network.setCuts(partition([node.name], this.#others([node.name])))
      await this.#wait(cutMs)
      await network.heal()
      await this.#wait(openMs)
    }
  }

  async #fillDisk(ms: number): Promise<void> {
    const { cluster } = this.#options
    this.#begin(`fill the disk of worker-1 for ${ms} ms`, [cluster.node('worker-1')])
    await cluster.smallDisk?.fill()
    await this.#wait(ms)
    await cluster.smallDisk?.free()
  }

  async #jumpClock(node: ChaosNode, jump: Extract<Fault, { kind: 'jump clock' }>): Promise<void> {
    const { aheadSeconds, ms } = jump
    this.#begin(`set the clock of ${node.name} by ${aheadSeconds} s for ${ms} ms`, [node])
    node.clock?.set(aheadSeconds)
    await this.#wait(ms)
    node.clock?.set(0)
  }

  async #loseDisk(number: number): Promise<void> {
    const { cluster, eye } = this.#options
    const node = cluster.node(`worker-${number}`)
    // Two lost disks of three are more than any cluster of three outlives.
    await eye.untilReplicated(REBUILD_MS)
    this.#begin(`lose the disk of ${node.name}`, [node])
    await node.kill()
    node.wipe()
    node.start()
    await node.untilReady()
    await eye.untilReplicated(REBUILD_MS)
  }

  async #find(target: Target): Promise<ChaosNode> {
    const { cluster, eye } = this.#options
    switch (target.kind) {
      case 'node':
        return cluster.node(target.name)
      case 'shard leader':
        return eye.shardLeader(REGISTER_COLLECTIONS[target.register] as string)
      case 'placement leader':
        return eye.placementLeader()
    }
  }

  #begin(text: string, nodes: readonly ChaosNode[]): void {
    this.#options.tally.fault = text
    this.#options.record(text)
    for (const node of nodes) node.note(text)
  }

  #others(names: readonly string[]): string[] {
    return this.#options.cluster.nodes
      .map(({ name }) => name)
      .filter((name) => !names.includes(name))
  }

  #wait(ms: number): Promise<void> {
    const { signal } = this.#options
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      function done() {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }
}
