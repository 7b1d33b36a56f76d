/**
 * A page over several audit logs, newest first.
 *
 * The simple version reads a page of each log and sorts. But a page of a log ends where its bounds
 * have it, at a time of its own: an entry that is older than the end of another log's page may have
 * to stand behind some that nobody has read yet. So the logs are merged head by head, and the page
 * ends where the next to come is the unread rest of a log.
 *
 * Invariant: a log goes on from its last entry that was shown, or from where its page ended once
 * all of that was shown; so none is shown twice, and none is left out.
 */
import {
  type AuditFilter,
  type PlacedEntry,
  type RecordedEntry,
  toVectronError,
} from '@vectron/base'
import type { CallContext } from '@vectron/rpc'
import type { AuditSource, SourcePage } from './audit-sources.ts'

/** Where a list goes on in one log: before a position (empty: at its newest entry), or nowhere. */
export type Place =
  | { readonly kind: 'before'; readonly position: string }
  | { readonly kind: 'end' }

export interface MergedQuery {
  /** Of each source, in order. */
  readonly places: readonly Place[]
  readonly entriesMax: number
  readonly filter: AuditFilter
}

export interface MergedPage {
  readonly entries: readonly RecordedEntry[]
  /** Of each source, in order; undefined when there is no more to read. */
  readonly next: readonly Place[] | undefined
  /** Sources that have nothing in this page because they could not be read, each with why. */
  readonly missing: readonly string[]
  /** Whether any source keeps a log. */
  readonly kept: boolean
}

/** What this page has of one source. */
type Reading =
  | { readonly kind: 'end' }
  /** It stays at its place: another page may find it again. */
  | { readonly kind: 'missing'; readonly place: Place; readonly why: string }
  | { readonly kind: 'read'; readonly place: Place; readonly page: SourcePage; shown: number }

/** What comes next of one source. */
interface Head {
  readonly reading: Extract<Reading, { kind: 'read' }>
  /** Empty for an unread rest of which no time is known. */
  readonly time: string
  /** undefined: the rest, which nobody has read yet. */
  readonly entry: PlacedEntry | undefined
}

export const NEWEST: Place = { kind: 'before', position: '' }

export async function mergeAudit(
  sources: readonly AuditSource[],
  query: MergedQuery,
  call: Pick<CallContext, 'deadline' | 'signal'>,
): Promise<MergedPage> {
  const asking = sources.map((source, at) =>
    readSource(source, query.places[at] ?? NEWEST, { query, call }),
  )
  const readings = await Promise.all(asking)
  const entries: RecordedEntry[] = []
  while (entries.length < query.entriesMax) {
    const head = newest(readings.flatMap(headsOf))
    if (head?.entry === undefined) break
    entries.push(head.entry)
    head.reading.shown += 1
  }
  const next = readings.map(placeAfter)
  // While the missing alone are left, whoever asks on would ask for ever.
  const hasMore = readings.some(
    (reading, at) => reading.kind === 'read' && next[at]?.kind === 'before',
  )
  return {
    entries,
    next: hasMore ? next : undefined,
    missing: readings.flatMap((reading, at) =>
      reading.kind === 'missing' ? [`${sources[at]?.name}: ${reading.why}`] : [],
    ),
    kept: readings.some(({ kind }) => kind !== 'missing'),
  }
}

async function readSource(
  source: AuditSource,
  place: Place,
  {
    query: { entriesMax, filter },
    call,
  }: {
    readonly query: MergedQuery
    readonly call: Pick<CallContext, 'deadline' | 'signal'>
  },
): Promise<Reading> {
  if (place.kind === 'end') return place
  try {
    const page = await source.readPage({ before: place.position, entriesMax, filter }, call)
    return page.kept
      ? { kind: 'read', place, page, shown: 0 }
      : { kind: 'missing', place, why: 'it keeps no audit log' }
  } catch (error) {
    return { kind: 'missing', place, why: toVectronError(error).message }
  }
}

function headsOf(reading: Reading): Head[] {
  if (reading.kind !== 'read') return []
  const { page, shown } = reading
  const entry = page.entries[shown]
  if (entry !== undefined) return [{ reading, time: entry.time, entry }]
  return page.next === '' ? [] : [{ reading, time: page.scannedTo, entry: undefined }]
}

/** Of the same time, the one of the first source. */
function newest(heads: readonly Head[]): Head | undefined {
  const unknown = heads.find(({ time }) => time === '')
  if (unknown !== undefined) return unknown
  return heads.reduce<Head | undefined>(
    (best, head) => (best === undefined || head.time > best.time ? head : best),
    undefined,
  )
}

function placeAfter(reading: Reading): Place {
  switch (reading.kind) {
    case 'end':
      return reading
    case 'missing':
      return reading.place
    case 'read': {
      const { place, page, shown } = reading
      const last = page.entries[shown - 1]
      if (shown < page.entries.length) {
        return last === undefined ? place : { kind: 'before', position: last.position }
      }
      return page.next === '' ? { kind: 'end' } : { kind: 'before', position: page.next }
    }
  }
}
