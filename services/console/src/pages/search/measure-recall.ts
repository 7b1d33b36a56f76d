/**
 * How much of the exact answers approximate searches find, and how long they take, by search width.
 *
 * Asked with stored points, drawn at random from the first ids of the collection. Each width gets
 * the same queries, one after the other, so that none waits for another; times are the server's.
 */
import type { AnyPayload, Collection, Filter } from '@vectron/client'

export interface RecallOptions {
  readonly topK: number
  readonly queries: number
  readonly filter?: Filter
  readonly signal: AbortSignal
}

export interface RecallPoint {
  readonly width: number
  /** Share of the exact results that were found, 0 to 1. */
  readonly recall: number
  /** Microseconds in the server. */
  readonly p50Us: number
  readonly p95Us: number
}

export type RecallStep =
  | { readonly kind: 'drawing'; readonly seen: number }
  | { readonly kind: 'exact'; readonly done: number }
  | { readonly kind: 'measured'; readonly point: RecallPoint }

/** Ids that are looked at to draw from; more would take longer than measuring. */
const SEEN_MAX = 100_000
const PAGE_SIZE = 10_000
const WIDTH_MAX = 10_000
/** Each width is so many times the one before. */
const WIDTH_FACTOR = 2
const WIDTHS = 8

/** The widths that are measured: from the number of results upwards. */
export function recallWidths(topK: number): number[] {
  const widths = Array.from({ length: WIDTHS }, (_, step) => topK * WIDTH_FACTOR ** step)
  return [...new Set(widths.map((width) => Math.min(width, WIDTH_MAX)))]
}

/** Yields as it goes on; ends with the last width. @throws VectronApiError */
export async function* measureRecall(
  points: Collection<AnyPayload>,
  options: RecallOptions,
): AsyncGenerator<RecallStep> {
  const { topK, filter, signal } = options
  const shared = { topK, withPayload: false, cache: false, ...(filter && { filter }) }
  const drawn = new Reservoir<string>(options.queries, Math.random)
  yield* drawIds(points, drawn, options)
  const ids = drawn.items
  const truth: ReadonlySet<string>[] = []
  for (const id of ids) {
    const { results } = await points.search({ id, ...shared, exact: true }, { signal })
    truth.push(new Set(results.map((hit) => hit.id)))
    yield { kind: 'exact', done: truth.length }
  }
  for (const width of recallWidths(topK)) {
    const took: number[] = []
    let [found, wanted] = [0, 0]
    for (const [index, id] of ids.entries()) {
      const { results, tookUs } = await points.search({ id, ...shared, width }, { signal })
      const exact = truth[index] ?? new Set()
      found += results.filter((hit) => exact.has(hit.id)).length
      wanted += exact.size
      took.push(tookUs)
    }
    yield {
      kind: 'measured',
      point: { width, recall: wanted === 0 ? 1 : found / wanted, ...timesOf(took) },
    }
  }
}

async function* drawIds(
  points: Collection<AnyPayload>,
  drawn: Reservoir<string>,
  { filter, signal }: RecallOptions,
): AsyncGenerator<RecallStep> {
  let seen = 0
  const options = { pageSize: PAGE_SIZE, withPayload: false, signal, ...(filter && { filter }) }
  for await (const { id } of points.scroll(options)) {
    drawn.offer(id)
    seen += 1
    if (seen % PAGE_SIZE === 0) yield { kind: 'drawing', seen }
    if (seen >= SEEN_MAX) break
  }
  yield { kind: 'drawing', seen }
}

function timesOf(took: number[]): { readonly p50Us: number; readonly p95Us: number } {
  const sorted = took.sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
  return { p50Us: at(0.5), p95Us: at(0.95) }
}

/** So many of a stream, each with the same chance (Vitter's algorithm R). */
export class Reservoir<Item> {
  readonly items: Item[] = []
  readonly #size: number
  readonly #random: () => number
  #offered = 0

  constructor(size: number, random: () => number) {
    this.#size = size
    this.#random = random
  }

  offer(item: Item): void {
    this.#offered += 1
    if (this.items.length < this.#size) {
      this.items.push(item)
      return
    }
    const place = Math.floor(this.#random() * this.#offered)
    if (place < this.#size) this.items[place] = item
  }
}
