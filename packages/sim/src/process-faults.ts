/**
 * What goes wrong with machines and their processes: crashes, pauses, disks, clocks.
 */
import type { Fault, FaultContext } from './fault.ts'
import type { SimProcess } from './sim-process.ts'

export const PROCESS_FAULTS: readonly Fault[] = [
  { name: 'crash', weight: 6, strike: (context) => crash(context, victim(context)) },
  { name: 'crash-many', weight: 2, strike: crashMany },
  { name: 'pause', weight: 3, strike: pause },
  { name: 'slow-disk', weight: 2, strike: slowDisk },
  { name: 'full-disk', weight: 1, strike: fillDisk },
  { name: 'skew', weight: 1, strike: skew },
]

const SKEW_MS_MAX = 3_600_000

function victim({ cluster, random }: FaultContext): SimProcess {
  return random.pick(cluster.processes)
}

export function crash({ random, later }: FaultContext, process: SimProcess): void {
  if (!process.isUp) return
  process.crash()
  // Many come back at once, as a supervisor brings them; some are away for long.
  later(random.between(5, random.chance(0.5) ? 500 : 8000), () => process.start())
}

function crashMany(context: FaultContext): void {
  for (const process of context.cluster.processes) {
    if (context.random.chance(0.6)) crash(context, process)
  }
}

function pause(context: FaultContext): void {
  const process = victim(context)
  if (!process.isUp || process.isPaused) return
  process.pause()
  context.later(context.random.between(50, 6000), () => process.resume())
}

function slowDisk(context: FaultContext): void {
  const { world, random, later } = context
  const { name, disk } = victim(context)
  disk.slowDown(random.between(50, 1200))
  world.trace.add(name, `an fsync takes up to ${Math.floor(disk.fsyncMsMax)} ms`)
  later(random.between(500, 6000), () => disk.mend())
}

function fillDisk(context: FaultContext): void {
  const { world, random, later } = context
  const { name, disk } = victim(context)
  disk.fill()
  world.trace.add(name, 'disk full')
  later(random.between(100, 4000), () => {
    disk.mend()
    world.trace.add(name, 'disk has room')
  })
}

function skew(context: FaultContext): void {
  victim(context).skewClock(context.random.nextBelow(2 * SKEW_MS_MAX) - SKEW_MS_MAX)
}
