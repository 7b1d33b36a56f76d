/** Figures and times for people. One way for each kind, everywhere. */

const COUNT = new Intl.NumberFormat('en-US')
const SHORT_COUNT = new Intl.NumberFormat('en-US', {
  notation: 'compact',
  maximumSignificantDigits: 3,
})
const RATE = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 })
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
/** Seconds in each, largest first. */
const SPANS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** `1,234,567` */
export function formatCount(count: number): string {
  return COUNT.format(count)
}

/** `1.23M` */
export function formatShortCount(count: number): string {
  return SHORT_COUNT.format(count)
}

/** `1.5 GiB` */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10)
  const unit = Math.min(power, BYTE_UNITS.length - 1)
  const value = bytes / 1024 ** unit
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${BYTE_UNITS[unit]}`
}

/** `12.3/s` */
export function formatRate(perSecond: number): string {
  return `${RATE.format(perSecond)}/s`
}

/** `840 µs`, `12.3 ms`, `1.2 s`; a dash for nothing. */
export function formatMicros(us: number): string {
  if (us <= 0) return '–'
  if (us < 1000) return `${Math.round(us)} µs`
  if (us < 1_000_000) return `${RATE.format(us / 1000)} ms`
  return `${RATE.format(us / 1_000_000)} s`
}

/** Processor cores kept busy: `1.5`, `0.03` */
export function formatCores(cores: number): string {
  return String(Number(cores.toFixed(2)))
}

/** A share of 1: `98.5 %` */
export function formatShare(share: number): string {
  const percent = 100 * share
  return `${percent > 99.9 && percent < 100 ? '99.9' : Number(percent.toFixed(1))} %`
}

/** `Nov 28, 2026, 14:03`; a dash for an empty one. @param time RFC 3339 */
export function formatMoment(time: string): string {
  return time === '' ? '–' : MOMENT.format(new Date(time))
}

/** `14:03:27`, of the day that the reader knows. @param time RFC 3339 */
export function formatClock(time: string): string {
  return time === '' ? '–' : CLOCK.format(new Date(time))
}

/** `3 minutes ago`; "never" for an empty one. @param time RFC 3339 */
export function formatAgo(time: string, nowMs: number = Date.now()): string {
  if (time === '') return 'never'
  const seconds = (Date.parse(time) - nowMs) / 1000
  const span = SPANS.find(([, length]) => Math.abs(seconds) >= length)
  if (span === undefined) return 'just now'
  const [unit, length] = span
  return RELATIVE.format(Math.round(seconds / length), unit)
}

/** `3 d 4 h`, `12 min`, `8 s` */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  const hours = Math.floor(seconds / 3600)
  if (hours < 24) return `${hours} h ${Math.floor((seconds % 3600) / 60)} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `1 point`, `2 points` */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
