/**
 * What goes wrong, and in which order: drawn from a seed alone, so that the seed tells the plan.
 *
 * Kinds come from a bag that is filled anew when it is empty: each kind comes once before any comes
 * twice. Who leads a shard is known only when the fault begins; the plan says "the leader".
 */
import type { Random } from '@vectron/base'

export type Fault =
  /** kill -9, and a start later. */
  | { readonly kind: 'kill'; readonly target: Target; readonly downMs: number }
  /** All workers at once, as when a room loses power. */
  | { readonly kind: 'kill all workers'; readonly downMs: number }
  /** SIGSTOP, and SIGCONT later. */
  | { readonly kind: 'pause'; readonly target: Target; readonly ms: number }
  /** A leader hears nobody and is heard by nobody. */
  | { readonly kind: 'isolate leader'; readonly target: Target; readonly ms: number }
  /** One worker, one member of placement and one gateway on their own. */
  | { readonly kind: 'split off minority'; readonly number: number; readonly ms: number }
  /** What one worker sends to the others is lost; what they send arrives. */
  | { readonly kind: 'cut one way'; readonly target: Target; readonly ms: number }
  /** A cut that comes and goes. */
  | {
      readonly kind: 'flap'
      readonly target: Target
      readonly cutMs: number
      readonly openMs: number
      readonly times: number
    }
  /** Every host loses some of what comes to it. */
  | { readonly kind: 'lose packets'; readonly percent: number; readonly ms: number }
  | { readonly kind: 'fill disk'; readonly ms: number }
  /** The wall clock of one node jumps, and back. */
  | {
      readonly kind: 'jump clock'
      readonly target: Target
      readonly aheadSeconds: number
      readonly ms: number
    }
  /** The leadership of a shard is handed on while nothing is wrong. */
  | { readonly kind: 'transfer leader' }
  /** A worker's disk is lost; it comes back as a new worker, and its replicas are rebuilt. */
  | { readonly kind: 'lose disk'; readonly number: number }

export type FaultKind = Fault['kind']

/** A node by its name, or whoever leads at that moment. */
export type Target =
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'shard leader'; readonly register: number }
  | { readonly kind: 'placement leader' }

export interface PlanOptions {
  readonly random: Random
  /** Names of nodes that faults may hit. */
  readonly nodes: readonly string[]
  readonly kinds: readonly FaultKind[]
}

/** Of a run of a minute: everything that heals within seconds. */
export const QUICK_FAULTS: readonly FaultKind[] = [
  'kill',
  'kill all workers',
  'pause',
  'isolate leader',
  'split off minority',
  'cut one way',
  'flap',
  'lose packets',
  'fill disk',
  'jump clock',
  'transfer leader',
]
export const ALL_FAULTS: readonly FaultKind[] = [...QUICK_FAULTS, 'lose disk']

/** Faults without end. */
export function* planFaults({ random, nodes, kinds }: PlanOptions): Generator<Fault> {
  for (;;) {
    for (const kind of shuffled(kinds, random)) yield drawFault(kind, nodes, random)
  }
}

function drawFault(kind: FaultKind, nodes: readonly string[], random: Random): Fault {
  const between = (least: number, most: number) => least + random.nextBelow(most - least + 1)
  const workers = nodes.filter((name) => name.startsWith('worker'))
  switch (kind) {
    case 'kill':
      return { kind, target: drawTarget(nodes, random), downMs: between(200, 4000) }
    case 'kill all workers':
      return { kind, downMs: between(200, 2000) }
    case 'pause':
      return { kind, target: drawTarget(nodes, random), ms: between(500, 7000) }
    case 'isolate leader':
      return { kind, target: drawLeader(random), ms: between(2000, 7000) }
    case 'split off minority':
      return { kind, number: 1 + random.nextBelow(workers.length), ms: between(2000, 7000) }
    case 'cut one way':
      return { kind, target: drawTarget(workers, random), ms: between(2000, 7000) }
    case 'flap': {
      const target = drawTarget(nodes, random)
      return { kind, target, cutMs: between(200, 900), openMs: between(200, 900), times: 5 }
    }
    case 'lose packets':
      return { kind, percent: 5, ms: between(3000, 8000) }
    case 'fill disk':
      return { kind, ms: between(1000, 4000) }
    case 'jump clock': {
      const direction = random.nextBelow(2) === 0 ? 1 : -1
      const aheadSeconds = direction * between(1, 7200)
      return { kind, target: drawTarget(nodes, random), aheadSeconds, ms: between(1500, 5000) }
    }
    case 'transfer leader':
      return { kind }
    case 'lose disk':
      return { kind, number: 1 + random.nextBelow(workers.length) }
  }
}

/** A leader half of the time, because most depends on it. */
function drawTarget(nodes: readonly string[], random: Random): Target {
  if (random.nextBelow(2) === 0) return drawLeader(random)
  return { kind: 'node', name: nodes[random.nextBelow(nodes.length)] as string }
}

function drawLeader(random: Random): Target {
  const number = random.nextBelow(4)
  return number === 3 ? { kind: 'placement leader' } : { kind: 'shard leader', register: number }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items]
  return items.map(() => left.splice(random.nextBelow(left.length), 1)[0] as T)
}
