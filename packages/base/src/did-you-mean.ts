/**
 * "Did you mean": the nearest of the known names, for errors about unknown ones.
 */

/** The known name nearest to the unknown one; undefined when none is near. */
export function nearestName(unknown: string, known: Iterable<string>): string | undefined {
  const distanceMax = Math.max(1, Math.floor(unknown.length / 3))
  let nearest: string | undefined
  let nearestDistance = distanceMax + 1
  for (const name of known) {
    const distance = editDistance(unknown.toLowerCase(), name.toLowerCase(), nearestDistance)
    if (distance < nearestDistance) {
      nearest = name
      nearestDistance = distance
    }
  }
  return nearest
}

/** ` Did you mean "x"?`, or nothing when no name is near: to be put behind a message. */
export function didYouMean(unknown: string, known: Iterable<string>): string {
  const nearest = nearestName(unknown, known)
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours between two strings (optimal string
 * alignment); any number >= `stop` may stand for a distance that large.
 */
function editDistance(a: string, b: string, stop: number): number {
  if (Math.abs(a.length - b.length) >= stop) return stop
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
