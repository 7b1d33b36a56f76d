/**
 * Bytes of a stream cut into records at line ends, some of which may stand inside quotes.
 *
 * In UTF-8 quotes and line ends are never part of another character, so nothing is decoded before
 * it is cut, and offsets are of the file's own bytes. A record that is longer than any sensible one
 * ends the reading: an open quote would otherwise swallow the rest of the file.
 */
import { UnreadableFile } from './record.ts'

const NEWLINE = 10
const RETURN = 13
const QUOTE = 34
const RECORD_BYTES_MAX = 16 * 1024 * 1024

export interface RawRecord {
  /** Without its line end. */
  readonly bytes: Uint8Array
  /** Where the next one begins, from the beginning of the stream. */
  readonly end: number
  /** The stream ended inside of quotes. */
  readonly isTorn: boolean
}

/** @param quoted line ends between `"` belong to the record, as in CSV */
export async function* cutRecords(
  chunks: AsyncIterable<Uint8Array>,
  { quoted }: { readonly quoted: boolean },
): AsyncGenerator<RawRecord> {
  let rest: Uint8Array = new Uint8Array()
  let restAt = 0
  let isQuoted = false
  let searched = 0
  for await (const chunk of chunks) {
    const bytes = joined(rest, chunk)
    let from = 0
    for (let at = searched; at < bytes.length; at += 1) {
      const byte = bytes[at]
      if (quoted && byte === QUOTE) isQuoted = !isQuoted
      else if (byte === NEWLINE && !isQuoted) {
        yield {
          bytes: withoutReturn(bytes.subarray(from, at)),
          end: restAt + at + 1,
          isTorn: false,
        }
        from = at + 1
      }
    }
    rest = bytes.subarray(from)
    restAt += from
    searched = rest.length
    if (rest.length > RECORD_BYTES_MAX) {
      const why = isQuoted ? 'a quote is never closed' : 'there are no line ends'
      throw new UnreadableFile(`A record at byte ${restAt} is over 16 MiB long: ${why}.`)
    }
  }
  if (rest.length > 0) {
    yield { bytes: withoutReturn(rest), end: restAt + rest.length, isTorn: isQuoted }
  }
}

function joined(rest: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (rest.length === 0) return chunk
  const bytes = new Uint8Array(rest.length + chunk.length)
  bytes.set(rest)
  bytes.set(chunk, rest.length)
  return bytes
}

function withoutReturn(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes
}

/** The parts of a blob, from a place on. */
export async function* chunksOf(file: Blob, from: number): AsyncGenerator<Uint8Array> {
  const reader = file.slice(from).stream().getReader()
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value
  } finally {
    await reader.cancel().catch(() => {})
  }
}
