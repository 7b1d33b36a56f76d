/** Figures of a scenario as tables of Markdown, ready for docs/BENCHMARKS.md. */
import { formatBytes, formatCount } from '@vectron/console-service/format'

/** Times that have a p50 and a p95 side by side, then what has one figure alone. */
export function figureTables(scenario: string, figures: ReadonlyMap<string, number>): string[] {
  const spread = [...figures.keys()].flatMap((name) => name.match(/^(.*)\.p50$/)?.[1] ?? [])
  const alone = [...figures].filter(([name]) => !/\.p\d+$/.test(name))
  const ofSpread = spread.map((name) =>
    row(
      code(`.${name}`),
      ...['p50', 'p95'].map((at) => milliseconds(figures.get(`${name}.${at}`))),
    ),
  )
  return [
    ...table([`\`console.${scenario}\``, 'p50', 'p95'], ofSpread),
    ...table(
      [`\`console.${scenario}\``, 'measured'],
      alone.map(([name, value]) => row(code(`.${name}`), inItsUnit(name, value))),
    ),
  ]
}

function table(heads: readonly string[], rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : [row(...heads), row(...heads.map(() => '---')), ...rows, '']
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function code(text: string): string {
  return `\`${text}\``
}

function inItsUnit(name: string, value: number): string {
  if (/bytes$/.test(name)) return formatBytes(value)
  return name === 'points' ? formatCount(value) : milliseconds(value)
}

function milliseconds(value: number | undefined): string {
  if (value === undefined) return '–'
  return value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(1)} ms`
}
