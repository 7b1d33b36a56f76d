/** How results stand in one list compared with another. */

export type RankChange =
  | { readonly kind: 'up' | 'down'; readonly by: number }
  | { readonly kind: 'same' | 'absent' }

/** For each id of `list`, in order: where it stands compared with `other`. */
export function rankChanges(list: readonly string[], other: readonly string[]): RankChange[] {
  const ranks = new Map(other.map((id, rank) => [id, rank]))
  return list.map((id, rank): RankChange => {
    const before = ranks.get(id)
    if (before === undefined) return { kind: 'absent' }
    if (before === rank) return { kind: 'same' }
    return before > rank ? { kind: 'up', by: before - rank } : { kind: 'down', by: rank - before }
  })
}

/** What two lists have in common, as a share of the shorter one; 1 for two empty ones. */
export function overlap(list: readonly string[], other: readonly string[]): number {
  const shorter = Math.min(list.length, other.length)
  if (shorter === 0) return list.length === other.length ? 1 : 0
  const known = new Set(other)
  return list.filter((id) => known.has(id)).length / shorter
}
