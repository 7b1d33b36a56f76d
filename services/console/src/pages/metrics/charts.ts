/** The charts of the page: what each draws of the samples, and how its values are written. */
import type { RequestLoad } from '@vectron/client'
import type { Sample } from '../../api/cluster-history.ts'
import {
  formatBytes,
  formatCores,
  formatMicros,
  formatRate,
  formatShare,
  formatShortCount,
} from '../../kit/format.ts'
import { type ChartLine, nodeLines } from './chart-data.ts'

export interface Chart {
  readonly title: string
  readonly about: string
  readonly lines: (samples: readonly Sample[]) => readonly ChartLine[]
  readonly format: (value: number) => string
  /** The largest value that the axis has at least. */
  readonly top?: number
  /** What may lie between two marks of the axis. */
  readonly steps?: readonly number[]
}

/** Powers of two: KiB, MiB and their halves. */
const BYTE_STEPS = Array.from({ length: 53 }, (_, power) => 2 ** power)

const KINDS = [
  { kind: 'search', name: 'searches' },
  { kind: 'read', name: 'reads' },
  { kind: 'write', name: 'writes' },
] as const

function byKind(read: (load: RequestLoad) => number): readonly ChartLine[] {
  return KINDS.map(({ kind, name }) => ({
    name,
    read: ({ requests }) => {
      const load = requests[kind]
      return load && read(load)
    },
  }))
}

/** Over requests of all kinds. */
function sumOf(read: (load: RequestLoad) => number): ChartLine['read'] {
  return ({ requests }) => Object.values(requests).reduce((sum, load) => sum + read(load), 0)
}

/** Times where nothing was answered are none. */
function times(kind: RequestLoad['kind']): readonly ChartLine[] {
  const quantiles = [
    { name: 'p50', field: 'p50Us' },
    { name: 'p95', field: 'p95Us' },
    { name: 'p99', field: 'p99Us' },
  ] as const
  return quantiles.map(({ name, field }) => ({
    name,
    read: ({ requests }) => requests[kind]?.[field] || undefined,
  }))
}

const RATES = byKind(({ perSecond }) => perSecond)
const FAILURES: readonly ChartLine[] = [
  {
    name: 'failed',
    read: sumOf(({ failedPerSecond, refusedPerSecond }) => failedPerSecond - refusedPerSecond),
  },
  { name: 'refused', read: sumOf(({ refusedPerSecond }) => refusedPerSecond) },
]
const CACHE: readonly ChartLine[] = [
  { name: 'answered from there', read: ({ cacheHitShare }) => cacheHitShare },
]
const SEARCH_TIMES = times('search')
const READ_TIMES = times('read')
const WRITE_TIMES = times('write')

export const CHARTS: readonly Chart[] = [
  {
    title: 'Requests',
    about: 'That this gateway answers, a second.',
    lines: () => RATES,
    format: formatRate,
  },
  {
    title: 'Search time',
    about: 'Half, 95 % and 99 % of searches took at most so long.',
    lines: () => SEARCH_TIMES,
    format: formatMicros,
    top: 1000,
  },
  {
    title: 'Errors and refusals',
    about: 'A second: failed, or turned away as too many.',
    lines: () => FAILURES,
    format: formatRate,
  },
  {
    title: 'Kept answers',
    about: 'Share of the searches that the gateway had the answer of.',
    lines: () => CACHE,
    format: formatShare,
    top: 1,
  },
  {
    title: 'CPU',
    about: 'Cores that each process kept busy.',
    lines: (samples) => nodeLines(samples, ({ cpuCores }) => cpuCores),
    format: formatCores,
    top: 1,
  },
  {
    title: 'Memory',
    about: 'Of each process.',
    lines: (samples) => nodeLines(samples, ({ memoryBytes }) => memoryBytes),
    format: formatBytes,
    top: 2 ** 20,
    steps: BYTE_STEPS,
  },
  {
    title: 'Write time',
    about: 'Until a majority of replicas had it on disk.',
    lines: () => WRITE_TIMES,
    format: formatMicros,
    top: 1000,
  },
  {
    title: 'Read time',
    about: 'Points by id, scrolls and counts.',
    lines: () => READ_TIMES,
    format: formatMicros,
    top: 1000,
  },
  {
    title: 'Lag by worker',
    about: 'Entries that its replicas lack of their leaders’ logs.',
    lines: (samples) => nodeLines(samples, ({ lag }) => lag),
    format: formatShortCount,
    top: 10,
  },
  {
    title: 'Data by worker',
    about: 'Bytes of its replicas on disk.',
    lines: (samples) => nodeLines(samples, ({ replicaBytes }) => replicaBytes),
    format: formatBytes,
    top: 2 ** 20,
    steps: BYTE_STEPS,
  },
]
