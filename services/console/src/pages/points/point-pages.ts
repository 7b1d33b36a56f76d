/**
 * The rows of a collection by number, read page by page as they are looked at.
 *
 * The API goes forward by tokens alone, so the token of every place that was passed is kept, and a
 * jump into the unknown walks there from the nearest known place below: 10,000 ids at a time,
 * without payloads. Of the points themselves only the pages around the last look are kept.
 *
 * Invariant: at most one request is under way; when it has ended, what is wanted then decides.
 */
import type { Point, ScrollPage } from '@vectron/client'

export type AnyPoint = Point<Record<string, unknown>>

export interface PageRequest {
  readonly pageToken: string
  readonly pageSize: number
  readonly withPayload: boolean
  readonly signal: AbortSignal
}

export type PageSource = (request: PageRequest) => Promise<ScrollPage<Record<string, unknown>>>

/** Rows of a page that is shown. */
export const PAGE_ROWS = 100
/** Rows of one step of a walk: what the API gives at most. */
const STEP_ROWS = 10_000
/** 2,400 points, a few screens around the reader. */
const PAGES_KEPT = 24

export interface PagesState {
  /** Changes whenever there is something new to show. */
  readonly version: number
  /** Rows passed on the way to a far place, while one is under way. */
  readonly walk: { readonly at: number; readonly to: number } | undefined
  readonly error: unknown
  /** Where the rows end, once it was seen. */
  readonly end: number | undefined
}

export class PointPages {
  readonly #source: PageSource
  /** The token with which the row begins; row 0 has the empty one. */
  readonly #tokens = new Map<number, string>([[0, '']])
  /** By number of the page, the one that was looked at last at the end. */
  readonly #pages = new Map<number, readonly AnyPoint[]>()
  readonly #listeners = new Set<() => void>()
  readonly #leave = new AbortController()
  #wanted: readonly number[] = []
  #isReading = false
  #state: PagesState = { version: 0, walk: undefined, error: undefined, end: undefined }

  constructor(source: PageSource) {
    this.#source = source
  }

  get state(): PagesState {
    return this.#state
  }

  /** For useSyncExternalStore. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Undefined while it is not here. */
  row(index: number): AnyPoint | undefined {
    return this.#pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS]
  }

  /** Says which rows are looked at; what is missing of them comes. @param last included */
  want(first: number, last: number): void {
    const from = Math.floor(Math.max(0, first) / PAGE_ROWS)
    const to = Math.floor(Math.max(0, last) / PAGE_ROWS)
    this.#wanted = Array.from({ length: to - from + 1 }, (_, index) => from + index)
    for (const page of this.#wanted) this.#touch(page)
    if (this.#state.error === undefined) this.#read()
  }

  /** Tries again what failed. */
  readonly retry = (): void => {
    this.#change({ error: undefined })
    this.#read()
  }

  /** Reads again what is shown: points were changed. Where rows begin is as it was. */
  refresh(): void {
    this.#pages.clear()
    this.#change({})
    this.#read()
  }

  /** A point was deleted: what stood behind it moves up by a row. */
  removed(id: string): void {
    const row = this.#rowOf(id)
    const shifted = [...this.#tokens].filter(([start]) => row !== undefined || start === 0)
    this.#tokens.clear()
    for (const [start, token] of shifted) {
      this.#tokens.set(row !== undefined && start > row ? start - 1 : start, token)
    }
    this.#change({ end: undefined })
    this.refresh()
  }

  close(): void {
    this.#leave.abort()
    this.#listeners.clear()
  }

  async #read(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    try {
      for (let page = this.#nextPage(); page !== undefined; page = this.#nextPage()) {
        await this.#stepTo(page)
      }
      if (this.#state.walk !== undefined) this.#change({ walk: undefined })
    } catch (error) {
      if (!this.#leave.signal.aborted) this.#change({ error, walk: undefined })
    } finally {
      this.#isReading = false
    }
  }

  #nextPage(): number | undefined {
    if (this.#leave.signal.aborted) return undefined
    const { end } = this.#state
    return this.#wanted.find(
      (page) => !this.#pages.has(page) && (end === undefined || page * PAGE_ROWS < end),
    )
  }

  /** One request: the page itself, or a step towards it. */
  async #stepTo(page: number): Promise<void> {
    const target = page * PAGE_ROWS
    const from = this.#knownBelow(target)
    const isThere = from === target
    const pageSize = isThere ? PAGE_ROWS : Math.min(STEP_ROWS, target - from)
    if (!isThere) this.#change({ walk: { at: from, to: target } })
    const { points, nextPageToken } = await this.#source({
      pageToken: this.#tokens.get(from) ?? '',
      pageSize,
      withPayload: isThere,
      signal: this.#leave.signal,
    })
    const next = from + points.length
    if (nextPageToken !== '') this.#tokens.set(from + pageSize, nextPageToken)
    if (isThere) this.#keep(page, points)
    this.#change(nextPageToken === '' ? { end: next } : {})
  }

  #knownBelow(row: number): number {
    let nearest = 0
    for (const known of this.#tokens.keys()) if (known <= row && known > nearest) nearest = known
    return nearest
  }

  #keep(page: number, points: readonly AnyPoint[]): void {
    this.#pages.set(page, points)
    for (const old of this.#pages.keys()) {
      if (this.#pages.size <= PAGES_KEPT) break
      this.#pages.delete(old)
    }
  }

  #rowOf(id: string): number | undefined {
    for (const [page, points] of this.#pages) {
      const at = points.findIndex((point) => point.id === id)
      if (at >= 0) return page * PAGE_ROWS + at
    }
    return undefined
  }

  #touch(page: number): void {
    const points = this.#pages.get(page)
    if (points === undefined) return
    this.#pages.delete(page)
    this.#pages.set(page, points)
  }

  #change(part: Partial<PagesState>): void {
    this.#state = { ...this.#state, ...part, version: this.#state.version + 1 }
    for (const listener of this.#listeners) listener()
  }
}
