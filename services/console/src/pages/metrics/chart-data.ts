/**
 * Samples as the columns of a chart: one of times, then one of values for each line.
 *
 * A line may begin late or end early, such as that of a worker that joins: it has holes there. A
 * pause of the stream is a hole in all lines, so that none is drawn across it.
 */
import type { Sample } from '../../api/cluster-history.ts'

export interface ChartLine {
  readonly name: string
  read(sample: Sample): number | undefined
}

export type ChartColumns = [times: number[], ...values: (number | null)[][]]

/** Seconds without a sample that count as a pause. */
const PAUSE_S = 6

export function columnsOf(samples: readonly Sample[], lines: readonly ChartLine[]): ChartColumns {
  const whole = withPauses(samples)
  return [
    whole.map(({ time }) => time),
    ...lines.map((line) =>
      whole.map(({ sample }) => (sample === undefined ? null : (line.read(sample) ?? null))),
    ),
  ]
}

interface Moment {
  readonly time: number
  readonly sample: Sample | undefined
}

function withPauses(samples: readonly Sample[]): Moment[] {
  return samples.flatMap((sample, index): Moment[] => {
    const before = samples[index - 1]?.time ?? sample.time
    const moment = { time: sample.time, sample }
    if (sample.time - before <= PAUSE_S) return [moment]
    return [{ time: (before + sample.time) / 2, sample: undefined }, moment]
  })
}

/** A line for each worker that any sample knows. */
export function nodeLines(
  samples: readonly Sample[],
  read: (node: Sample['nodes'][number]) => number | undefined,
): ChartLine[] {
  const names = new Set(
    samples.flatMap(({ nodes }) =>
      nodes.filter((node) => read(node) !== undefined).map(({ name }) => name),
    ),
  )
  return [...names]
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => ({
      name,
      read: ({ nodes }) => {
        const node = nodes.find((one) => one.name === name)
        return node && read(node)
      },
    }))
}
