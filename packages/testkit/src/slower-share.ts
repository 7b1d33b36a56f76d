/**
 * Whether one kind of call takes longer than another, from times of both: the share of pairs in
 * which the first took longer (Mann and Whitney's U over the number of pairs).
 *
 * Nothing but order counts, so a slow machine and a few stalls change little. Without a difference
 * it is near one half, with a standard deviation of sqrt((n + m + 1) / 12nm): .03 for 200 of each.
 */
export function slowerShare(one: readonly number[], other: readonly number[]): number {
  let slower = 0
  for (const a of one) {
    for (const b of other) slower += a > b ? 1 : a === b ? 0.5 : 0
  }
  return slower / (one.length * other.length)
}
