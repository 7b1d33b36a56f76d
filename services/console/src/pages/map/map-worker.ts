/** The worker of the map: parses pages, projects and colours, so that the page stays quick. */
import { unreachable } from '../../kit/unreachable.ts'
import type { FromWorker, MapAnswers, MapCall, ToWorker } from './map-messages.ts'
import { MapPoints } from './map-points.ts'

interface Port {
  postMessage(message: FromWorker, transfer?: readonly Transferable[]): void
  addEventListener(kind: 'message', listener: (event: { readonly data: ToWorker }) => void): void
}

const port = globalThis as unknown as Port
let points = new MapPoints({ dimension: 1, capacity: 0, isCosine: false })
/** Grows with each cancellation: a projection that began before ends. */
let cancels = 0

port.addEventListener('message', ({ data }) => {
  if ('cancel' in data) cancels += 1
  else answer(data.number, data.call)
})

async function answer(number: number, call: MapCall): Promise<void> {
  try {
    const value = await handle(number, call)
    port.postMessage({ number, answer: value })
  } catch (error) {
    port.postMessage({ number, error: (error as Error).message })
  }
}

async function handle(number: number, call: MapCall): Promise<MapAnswers[MapCall['kind']]> {
  switch (call.kind) {
    case 'begin':
      points = new MapPoints(call)
      return undefined
    case 'take':
      return points.take(call.page)
    case 'color':
      return points.colorBy(call.field)
    case 'payload':
      return points.payloadOf(call.point)
    case 'place':
      return points.place(call.vector)
    case 'project': {
      const begun = cancels
      const tell = async (share: number) => {
        port.postMessage({ number, share })
        await turnOfOthers()
        if (cancels !== begun) throw new Error('cancelled')
      }
      return points.project(call.method, tell, seeded(1))
    }
    default:
      return unreachable(call)
  }
}

/** Messages that have come are taken. */
function turnOfOthers(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}

/** The same map each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
