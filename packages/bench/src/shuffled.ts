/** An order drawn by lot, for samples that must be the same in every run. */
import type { Random } from '@vectron/base'

/** The items in an order that the random numbers alone decide (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items]
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.nextBelow(i + 1)
    const swapped = order[i] as T
    order[i] = order[j] as T
    order[j] = swapped
  }
  return order
}
