/**
 * Colours of points by a payload field: a colour for each frequent value, or a ramp over numbers.
 *
 * The palette is that of Okabe and Ito (2008), which people of every colour vision tell apart,
 * mended for dark grounds; the ramp goes from dark to light as viridis does.
 */

export interface LegendEntry {
  readonly label: string
  /** `#rrggbb` */
  readonly color: string
  /** Points that have it. */
  readonly count: number
}

export interface Coloring {
  readonly kind: 'values' | 'ramp'
  /** Of values: one each, "other" and "none" last. Of a ramp: its ends. */
  readonly legend: readonly LegendEntry[]
  /** For each point the place of its colour in `colors`. */
  readonly codes: Uint8Array
  readonly colors: readonly string[]
}

const PALETTE = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#b8a800',
  '#8c6bb1',
]
const OTHER = '#8a94a1'
const RAMP_STOPS = ['#46327e', '#365c8d', '#277f8e', '#1fa187', '#4ac16d', '#a0da39', '#e8dc1f']
const RAMP_STEPS = 64
/** Numbers with more distinct values than this are on a ramp. */
const DISTINCT_MAX = 8

/** All alike. */
export function plainColoring(count: number): Coloring {
  return { kind: 'values', legend: [], codes: new Uint8Array(count), colors: ['#1ba57b'] }
}

/** @param values of the field, one for each point; of an array the first counts */
export function colorBy(values: readonly unknown[]): Coloring {
  const firsts = values.map((value) => (Array.isArray(value) ? value[0] : value))
  const numbers = firsts.filter((value) => typeof value === 'number')
  const distinct = new Set(numbers)
  const isRamp = numbers.length > 0 && distinct.size > DISTINCT_MAX
  return isRamp ? colorByNumber(firsts) : colorByValue(firsts)
}

function colorByValue(values: readonly unknown[]): Coloring {
  const labels = values.map(labelOf)
  const counts = new Map<string, number>()
  for (const label of labels) {
    if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1)
  }
  const frequent = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const named = frequent.slice(0, PALETTE.length)
  const places = new Map(named.map(([label], place) => [label, place]))
  const other = named.length
  const codes = Uint8Array.from(labels, (label) =>
    label === undefined ? other + 1 : (places.get(label) ?? other),
  )
  const colors = [...PALETTE.slice(0, named.length), OTHER, '#bcc3cc']
  const countOf = (code: number) => codes.reduce((sum, one) => sum + (one === code ? 1 : 0), 0)
  const legend = [
    ...named.map(([label, count], place) => ({ label, color: colors[place] ?? OTHER, count })),
    { label: `${frequent.length - named.length} others`, color: OTHER, count: countOf(other) },
    { label: 'without', color: '#bcc3cc', count: countOf(other + 1) },
  ].filter(({ count }) => count > 0)
  return { kind: 'values', legend, codes, colors }
}

function labelOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function colorByNumber(values: readonly unknown[]): Coloring {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (typeof value !== 'number') continue
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  const codes = Uint8Array.from(values, (value) =>
    typeof value === 'number'
      ? Math.round(((value - least) / (most - least)) * (RAMP_STEPS - 1))
      : RAMP_STEPS,
  )
  const colors = [
    ...Array.from({ length: RAMP_STEPS }, (_, step) => rampAt(step / (RAMP_STEPS - 1))),
    OTHER,
  ]
  const without = codes.reduce((sum, code) => sum + (code === RAMP_STEPS ? 1 : 0), 0)
  const legend = [
    { label: String(least), color: colors[0] ?? OTHER, count: values.length - without },
    { label: String(most), color: colors[RAMP_STEPS - 1] ?? OTHER, count: values.length - without },
    ...(without > 0 ? [{ label: 'without', color: OTHER, count: without }] : []),
  ]
  return { kind: 'ramp', legend, codes, colors }
}

function rampAt(share: number): string {
  const place = share * (RAMP_STOPS.length - 1)
  const low = Math.min(Math.floor(place), RAMP_STOPS.length - 2)
  const [from, to] = [
    channelsOf(RAMP_STOPS[low] ?? OTHER),
    channelsOf(RAMP_STOPS[low + 1] ?? OTHER),
  ]
  const mixed = from.map((value, at) => Math.round(value + (place - low) * ((to[at] ?? 0) - value)))
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}

/** Red, green, blue, 0 to 255. */
export function channelsOf(color: string): readonly [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}
