/**
 * What goes wrong between processes: cuts in one direction or both, links that flap, lose and
 * delay.
 */
import type { Fault, FaultContext } from './fault.ts'
import { GOOD_LINKS, type Route } from './sim-network.ts'
import type { SimProcess } from './sim-process.ts'

export const LINK_FAULTS: readonly Fault[] = [
  { name: 'isolate', weight: 4, strike: isolate },
  { name: 'one-way', weight: 3, strike: cutOneWay },
  { name: 'split', weight: 2, strike: split },
  { name: 'flap', weight: 2, strike: flap },
  { name: 'bad-links', weight: 3, strike: spoilLinks },
]

interface Directions {
  readonly outwards: boolean
  readonly inwards: boolean
}

function isolate(context: FaultContext): void {
  const { cluster, random } = context
  cut(context, [random.pick(cluster.processes)], { outwards: true, inwards: true })
}

function cutOneWay(context: FaultContext): void {
  const { cluster, random } = context
  const outwards = random.chance(0.5)
  cut(context, [random.pick(cluster.processes)], { outwards, inwards: !outwards })
}

function split(context: FaultContext): void {
  const { cluster, random } = context
  const half = cluster.processes.filter(() => random.chance(0.5))
  cut(context, half, { outwards: true, inwards: true })
}

/** Cuts these processes from all others. */
function cut(context: FaultContext, parted: readonly SimProcess[], directions: Directions): void {
  const { world, cluster, random, later } = context
  const names = parted.map(({ name }) => name)
  const others = cluster.processes.map(({ name }) => name).filter((name) => !names.includes(name))
  const routes = names.flatMap((one) => others.flatMap((other) => routesOf(one, other, directions)))
  world.trace.add('net', `cut ${names} ${describe(directions)}`)
  for (const route of routes) world.network.block(route)
  later(random.between(100, 6000), () => {
    world.trace.add('net', `join ${names}`)
    for (const route of routes) world.network.unblock(route)
  })
}

function routesOf(one: string, other: string, { outwards, inwards }: Directions): Route[] {
  return [
    ...(outwards ? [{ from: one, to: other }] : []),
    ...(inwards ? [{ from: other, to: one }] : []),
  ]
}

function describe({ outwards, inwards }: Directions): string {
  if (outwards && inwards) return 'both ways'
  return outwards ? 'outwards' : 'inwards'
}

/** A link that breaks and comes back many times. */
function flap({ world, cluster, random, later }: FaultContext): void {
  const { network, trace } = world
  const route = {
    from: random.pick(cluster.processes).name,
    to: random.pick(cluster.processes).name,
  }
  let flips = 4 + random.nextBelow(12)
  trace.add('net', `the link from ${route.from} to ${route.to} flaps ${flips} times`)
  const flip = () => {
    if (network.isBlocked(route)) network.unblock(route)
    else network.block(route)
    if (--flips > 0) later(random.between(20, 700), flip)
    else network.unblock(route)
  }
  flip()
}

function spoilLinks({ world, random, later }: FaultContext): void {
  const { network, trace } = world
  const quality = {
    lossRate: random.chance(0.3) ? 0.3 : random.between(0, 0.1),
    duplicateRate: random.between(0, 0.2),
    delayMsMin: 0.2,
    delayMsMax: random.chance(0.3) ? random.between(50, 400) : random.between(2, 30),
  }
  const [loss, delay] = [quality.lossRate.toFixed(2), quality.delayMsMax.toFixed(0)]
  trace.add('net', `links lose ${loss} and take up to ${delay} ms`)
  network.quality = quality
  later(random.between(500, 8000), () => {
    if (network.quality === quality) network.quality = GOOD_LINKS
  })
}
