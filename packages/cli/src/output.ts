/**
 * How data is shown: a table for people, JSON for programs.
 *
 * `json` is the API's own JSON, indented; `jsonl` is one object a line; `table` is aligned columns,
 * cut to the terminal's width and never cut elsewhere.
 */
import type { Terminal } from './terminal.ts'

export const OUTPUT_FORMATS = ['table', 'json', 'jsonl'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

/** One column of a table: its title, and the text of a row in it. */
export interface Column<Row> {
  readonly title: string
  readonly text: (row: Row) => string
  /** Numbers stand at the right. */
  readonly align?: 'left' | 'right'
}

/** Shows rows; `whole` is what stands for all of them in `json`. */
export function showRows<Row>(
  terminal: Terminal,
  format: OutputFormat,
  shown: {
    readonly rows: readonly Row[]
    readonly columns: readonly Column<Row>[]
    readonly whole: unknown
    /** Said instead of an empty table. */
    readonly whenEmpty: string
  },
): void {
  switch (format) {
    case 'json':
      terminal.out(JSON.stringify(shown.whole, plainVectors, 2))
      return
    case 'jsonl':
      for (const row of shown.rows) terminal.out(jsonLine(row))
      return
    case 'table':
      if (shown.rows.length === 0) terminal.note(shown.whenEmpty)
      else for (const line of tableLines(shown.rows, shown.columns, terminal)) terminal.out(line)
  }
}

/** Shows one object: names and values below each other, or JSON. */
export function showObject(
  terminal: Terminal,
  format: OutputFormat,
  object: Readonly<Record<string, unknown>>,
): void {
  if (format !== 'table') {
    terminal.out(JSON.stringify(object, plainVectors, format === 'json' ? 2 : undefined))
    return
  }
  const names = Object.keys(object)
  const width = Math.max(0, ...names.map((name) => name.length))
  for (const name of names) {
    terminal.out(`${terminal.bold(name.padEnd(width))}  ${cellText(object[name])}`)
  }
}

/** One object as one line of JSON. */
export function jsonLine(object: unknown): string {
  return JSON.stringify(object, plainVectors)
}

/** Text of any value in a cell: strings bare, other things as JSON. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value, plainVectors)
}

/** Titles and rows, in aligned columns. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  terminal: Terminal,
): string[] {
  const cells = rows.map((row) => columns.map(({ text }) => oneLine(text(row))))
  const widths = columns.map(({ title }, index) =>
    cells.reduce((max, row) => Math.max(max, row[index]?.length ?? 0), title.length),
  )
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => {
        const width = widths[index] ?? 0
        return columns[index]?.align === 'right' ? text.padStart(width) : text.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  const cut = (text: string) => cutTo(text, terminal)
  const titles = columns.map(({ title }) => title.toUpperCase())
  return [terminal.bold(cut(line(titles))), ...cells.map((row) => cut(line(row)))]
}

function cutTo(text: string, terminal: Terminal): string {
  if (!terminal.isOutTerminal || text.length <= terminal.columns) return text
  return `${text.slice(0, terminal.columns - 1)}…`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ')
}

/** Float32Array as an array of numbers, in the fewest digits that give the same f32. */
function plainVectors(_name: string, value: unknown): unknown {
  return value instanceof Float32Array ? Array.from(value, shortestF32) : value
}

function shortestF32(value: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return value
}
