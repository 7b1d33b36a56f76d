/**
 * What a benchmark leaves behind: a JSON file with everything, and one plain closing line for each
 * figure (`name=value`), last on standard output.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'

export interface Report {
  /** Which one: the word after `npm run bench --`. */
  readonly bench: string
  /** Parameters: data set, seed, rounds and whatever else decides the figures. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** All that was measured, in full. */
  readonly measured: Readonly<Record<string, unknown>>
  /** The closing lines. A figure that could not be had says why in words. */
  readonly figures: ReadonlyMap<string, number | string>
}

/** Writes the file into `folder` and answers its path. */
export function writeReport(folder: string, report: Report): string {
  mkdirSync(folder, { recursive: true })
  const time = new Date().toISOString()
  const file = join(folder, `${report.bench}-${time.replace(/[:.]/g, '-')}.json`)
  const content = {
    bench: report.bench,
    time,
    commit: commit(),
    machine: machine(),
    parameters: report.parameters,
    figures: Object.fromEntries(report.figures),
    measured: report.measured,
  }
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`)
  return file
}

/** `name=value`, one a line. */
export function closingLines(report: Report): string[] {
  return [...report.figures].map(([name, value]) => `${name}=${shown(value)}`)
}

function shown(value: number | string): string {
  if (typeof value === 'string') return value
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(4)))
}

function machine(): object {
  const cores = cpus()
  return {
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  }
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' with changes')
  } catch {
    return 'unknown'
  }
}
