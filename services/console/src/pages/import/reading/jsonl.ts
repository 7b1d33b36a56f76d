/** JSON objects, one a line. */
import { chunksOf, cutRecords } from './lines.ts'
import type { FileRecord, Place } from './record.ts'
import { excerptOf, strictUtf8 } from './text.ts'

export async function* readJsonl(file: Blob, place: Place): AsyncGenerator<FileRecord> {
  let { row } = place
  for await (const raw of cutRecords(chunksOf(file, place.offset), { quoted: false })) {
    const end = place.offset + raw.end
    const text = strictUtf8(raw.bytes)
    if (text?.trim() === '') continue
    const parsed = text === undefined ? 'Not UTF-8 text.' : parseObject(text)
    yield typeof parsed === 'string'
      ? { kind: 'broken', row, end, problem: parsed, excerpt: excerptOf(raw.bytes) }
      : { kind: 'row', row, end, cells: parsed }
    row += 1
  }
}

/** The object, or what is wrong. */
function parseObject(text: string): Record<string, unknown> | string {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : 'A line holds one JSON object.'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
