/** CSV as RFC 4180 has it, with commas, semicolons or tabs; the first record names the columns. */
import { chunksOf, cutRecords } from './lines.ts'
import { type FileLayout, type FileRecord, type Place, UnreadableFile } from './record.ts'
import { excerptOf, strictUtf8 } from './text.ts'

type CsvLayout = Extract<FileLayout, { format: 'csv' }>

const SEPARATORS = [',', ';', '\t']

export async function readCsvLayout(file: Blob, start: number): Promise<CsvLayout> {
  for await (const { bytes, end } of cutRecords(chunksOf(file, start), { quoted: true })) {
    const text = strictUtf8(bytes)
    if (text === undefined) throw new UnreadableFile('The first line is no UTF-8 text.')
    const separator = mostOf(text)
    const names = splitCsv(text, separator)
    if (names === undefined) throw new UnreadableFile('The first line has an open quote.')
    if (names.every((name) => name.trim() === '')) continue
    return { format: 'csv', columns: distinct(names), separator, start: start + end }
  }
  throw new UnreadableFile('The file is empty: the first line of a CSV file names its columns.')
}

export async function* readCsv(
  file: Blob,
  { columns, separator }: CsvLayout,
  place: Place,
): AsyncGenerator<FileRecord> {
  let { row } = place
  for await (const raw of cutRecords(chunksOf(file, place.offset), { quoted: true })) {
    const end = place.offset + raw.end
    if (raw.bytes.length === 0) continue
    const text = strictUtf8(raw.bytes)
    const excerpt = excerptOf(raw.bytes)
    const broken = (problem: string) => ({ kind: 'broken', row, end, problem, excerpt }) as const
    const fields = text === undefined || raw.isTorn ? undefined : splitCsv(text, separator)
    if (text === undefined) yield broken('Not UTF-8 text.')
    else if (fields === undefined) yield broken('A quote is not closed, or has text behind it.')
    else if (fields.length !== columns.length) {
      yield broken(`${fields.length} fields, where the heading has ${columns.length}.`)
    } else {
      const cells = Object.fromEntries(columns.map((name, index) => [name, fields[index] ?? '']))
      yield { kind: 'row', row, end, cells }
    }
    row += 1
  }
}

/** The separator that the heading has most of. */
function mostOf(heading: string): string {
  const counts = SEPARATORS.map((one) => heading.split(one).length)
  return SEPARATORS[counts.indexOf(Math.max(...counts))] ?? ','
}

/** The fields of a record; undefined where its quotes do not match. */
export function splitCsv(text: string, separator: string): string[] | undefined {
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (text[at] === '"') {
      const close = closingQuote(text, at + 1)
      if (close < 0) return undefined
      fields.push(text.slice(at + 1, close).replaceAll('""', '"'))
      at = close + 1
      if (at < text.length && text[at] !== separator) return undefined
    } else {
      const next = text.indexOf(separator, at)
      const end = next < 0 ? text.length : next
      fields.push(text.slice(at, end))
      at = end
    }
    if (at >= text.length) return fields
    at += 1
  }
}

/** Two quotes stand for one. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from)
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2)
  return at
}

/** Columns without a name, or of one that was there already, are told by their number. */
function distinct(names: readonly string[]): string[] {
  const seen = new Set<string>()
  return names.map((given, index) => {
    const name = given.trim() || `column ${index + 1}`
    const own = seen.has(name) ? `${name} ${index + 1}` : name
    seen.add(own)
    return own
  })
}
