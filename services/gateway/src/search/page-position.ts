/**
 * Where a page of results ends, so that the next one begins behind it.
 *
 * A page is not continued by a count: a write in between would shift it, and a result would come
 * twice or not at all. It is continued by the score of the last result. Scores may be equal, and
 * replicas with other processors may round them differently; so the position also holds which
 * points about as near as the last one were given already. Whatever else is about as near, or
 * farther, is yet to come.
 *
 *   bytes 0..3    the last score, little-endian f32
 *   bytes 4..7    results given so far, little-endian
 *   8 bytes each  a hash of the id of each point given whose score is about the last one's
 *
 * all in base64url.
 */

import { hash } from 'node:crypto'
import { concatBytes, parseBase64Url, toBase64Url, viewOf } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { higherIsNearer } from './merge.ts'

/** How far apart roundings of one score may be, in parts of the scores that there are. */
const ROUNDING = 2 ** -18
const HEAD_BYTES = 8
const HASH_BYTES = 8

export interface PagePosition {
  readonly lastScore: number
  /** Results of all pages so far. */
  readonly given: number
  /** Hashes of the ids of points that were given with about the last score. */
  readonly near: ReadonlySet<string>
}

/** A result, as a position is made of it. */
export interface PlacedHit {
  readonly score: number
  readonly id: string
}

export function encodePosition({ lastScore, given, near }: PagePosition): string {
  const head = new Uint8Array(HEAD_BYTES)
  viewOf(head).setFloat32(0, lastScore, true)
  viewOf(head).setUint32(4, given, true)
  return toBase64Url(concatBytes([head, ...[...near].map((text) => Buffer.from(text, 'latin1'))]))
}

/** undefined for what encodePosition did not make. */
export function parsePosition(text: string): PagePosition | undefined {
  const bytes = parseBase64Url(text)
  if (bytes === undefined || bytes.length < HEAD_BYTES) return undefined
  const hashes = bytes.subarray(HEAD_BYTES)
  if (hashes.length % HASH_BYTES !== 0) return undefined
  const view = viewOf(bytes)
  const near = new Set<string>()
  for (let at = 0; at < hashes.length; at += HASH_BYTES) {
    near.add(Buffer.from(hashes.subarray(at, at + HASH_BYTES)).toString('latin1'))
  }
  return { lastScore: view.getFloat32(0, true), given: view.getUint32(4, true), near }
}

/** Whether the hit was not given by the pages up to the position. */
export function isBehind(
  position: PagePosition,
  metric: vectron.Metric,
  { score, id }: { readonly score: number; readonly id: () => string },
): boolean {
  const behind = behindBy(position.lastScore, metric, score)
  const rounding = roundingOf(position.lastScore, metric)
  if (behind > rounding) return true
  return behind >= -rounding && !position.near.has(hashOf(id()))
}

/** The position behind these results. */
export function advance(
  before: PagePosition | undefined,
  metric: vectron.Metric,
  results: readonly PlacedHit[],
): PagePosition | undefined {
  const last = results.at(-1)
  if (last === undefined) return before
  const isNear = (score: number) =>
    behindBy(score, metric, last.score) <= 2 * roundingOf(last.score, metric)
  const near = new Set(before !== undefined && isNear(before.lastScore) ? before.near : [])
  for (const { score, id } of results) if (isNear(score)) near.add(hashOf(id))
  return { lastScore: last.score, given: (before?.given ?? 0) + results.length, near }
}

/** By how much `score` is farther than `from`. */
function behindBy(from: number, metric: vectron.Metric, score: number): number {
  return higherIsNearer(metric) ? from - score : score - from
}

function roundingOf(score: number, metric: vectron.Metric): number {
  const scale = metric === vectron.Metric.COSINE ? 1 : Math.abs(score)
  return scale * ROUNDING
}

function hashOf(id: string): string {
  return hash('sha256', id, 'buffer').toString('latin1', 0, HASH_BYTES)
}
