/**
 * Progress of a long job: a bar with rate and time left on a terminal, sparse lines elsewhere.
 *
 * The rate is of the last seconds, so that the time left follows a job that slows down or speeds
 * up.
 */
import type { Terminal } from './terminal.ts'

export interface ProgressOptions {
  readonly label: string
  /** Units of the whole job; undefined when it is not known. */
  readonly total: number | undefined
  /** Units done before this run, by an earlier one. */
  readonly start?: number
  /** Such as "points". */
  readonly unit: string
  /** Milliseconds; a monotonic clock. */
  readonly nowMs?: () => number
}

const BAR_CELLS = 24
const REDRAW_MS = 100
const SPARSE_LINE_MS = 5000
/** Samples for the rate, one at each redraw: the last 10 s. */
const SAMPLES_MAX = 100
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

export class ProgressBar {
  readonly #terminal: Terminal
  readonly #options: ProgressOptions
  readonly #nowMs: () => number
  readonly #startMs: number
  readonly #samples: { readonly atMs: number; readonly done: number }[]
  #done: number
  #lastShownMs: number

  constructor(terminal: Terminal, options: ProgressOptions) {
    this.#terminal = terminal
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => performance.now())
    this.#startMs = this.#nowMs()
    this.#done = options.start ?? 0
    this.#samples = [{ atMs: this.#startMs, done: this.#done }]
    this.#lastShownMs = this.#startMs
  }

  /** Units done so far, those of earlier runs included. */
  update(done: number): void {
    this.#done = done
    const nowMs = this.#nowMs()
    const pauseMs = this.#terminal.isNoteTerminal ? REDRAW_MS : SPARSE_LINE_MS
    if (nowMs - this.#lastShownMs < pauseMs) return
    this.#lastShownMs = nowMs
    this.#samples.push({ atMs: nowMs, done })
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift()
    if (this.#terminal.isNoteTerminal) this.#terminal.status(this.#line(true))
    else this.#terminal.note(this.#line(false))
  }

  /** Takes the bar away and leaves one line that says what was done. */
  finish(): void {
    this.#terminal.status(undefined)
    const seconds = (this.#nowMs() - this.#startMs) / 1000
    const count = this.#done - (this.#options.start ?? 0)
    const rate = seconds > 0 ? ` (${formatCount(count / seconds)}/s)` : ''
    const { label, unit } = this.#options
    this.#terminal.note(
      `${label}: ${formatCount(this.#done)} ${unit} in ${formatSeconds(seconds)}${rate}`,
    )
  }

  /** Takes the bar away and says nothing. */
  abandon(): void {
    this.#terminal.status(undefined)
  }

  #line(withBar: boolean): string {
    const { label, total, unit } = this.#options
    const rate = this.#rate()
    const speed = `${formatCount(rate)} ${unit}/s`
    if (total === undefined) return `${label}  ${formatCount(this.#done)}  ${speed}`
    const share = total === 0 ? 1 : Math.min(1, this.#done / total)
    const counts = `${formatCount(this.#done)}/${formatCount(total)}`
    const left = rate > 0 ? `  ${formatSeconds((total - this.#done) / rate)} left` : ''
    const percent = `${Math.floor(100 * share)} %`.padStart(5)
    const bar = withBar ? `${drawBar(share)} ` : ''
    return `${label}  ${bar}${percent}  ${counts}  ${speed}${left}`
  }

  #rate(): number {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (!first || !last || last.atMs === first.atMs) return 0
    return (1000 * (last.done - first.done)) / (last.atMs - first.atMs)
  }
}

function drawBar(share: number): string {
  const eighths = Math.floor(share * BAR_CELLS * 8)
  const bar = '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')
  return `▕${bar.padEnd(BAR_CELLS)}▏`
}

/** 12,345. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** 0.8 s, 12 s, 3 min 5 s. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}
