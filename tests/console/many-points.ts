/**
 * Points for a map that holds very many: most of them all over a square, so that something lies
 * wherever a hand is, a quarter in five heaps, where they lie over each other.
 *
 * Made by a formula: their number is what matters.
 */
import type { Vectron } from '@vectron/client'

export const MANY_DIMENSION = 8
export const HEAPS = ['ash', 'birch', 'cedar', 'elm', 'fir'] as const

/** Into a new collection; each has the payload field `heap`. */
export async function writeManyPoints(
  vectron: Vectron,
  { name, count }: { readonly name: string; readonly count: number },
): Promise<void> {
  await vectron.createCollection({ name, dimension: MANY_DIMENSION, metric: 'l2' })
  const written = vectron.collection(name).upsertAll(manyPoints(count), { batchSize: 5000 })
  for await (const _ of written) {
    // Each batch is there when it is acknowledged.
  }
}

function* manyPoints(count: number) {
  const random = randoms()
  for (let index = 0; index < count; index += 1) {
    const heap = index % HEAPS.length
    // Two directions hold the map, in which the square is widest; the others are noise.
    const vector = Float32Array.from({ length: MANY_DIMENSION }, () => 0.02 * random())
    const isHeaped = index % 4 === 0
    const turn = (2 * Math.PI * heap) / HEAPS.length
    vector[0] = isHeaped ? 3 * Math.cos(turn) + bell(random) : 12 * (random() - 0.5)
    vector[1] = isHeaped ? 1.5 * Math.sin(turn) + 0.5 * bell(random) : 6 * (random() - 0.5)
    const id = `p-${String(index).padStart(6, '0')}`
    yield { id, vector, payload: { heap: HEAPS[heap], number: index } }
  }
}

/** About normal, with a deviation of .3. */
function bell(random: () => number): number {
  return 0.6 * (random() + random() + random() - 1.5)
}

/** The same ones each time. */
function randoms(): () => number {
  let state = 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
