/** Reads a file of rows of equal length, a chunk at a time, from any row on. */
import { createReadStream } from 'node:fs'

export interface FixedRows {
  /** Where the first row begins, bytes. */
  readonly start: number
  readonly rowBytes: number
  readonly rows: number
}

const CHUNK_BYTES = 1024 * 1024

/** The rows after the first `skip`, each a view that is valid until the next one is asked for. */
export async function* readFixedRows(
  file: string,
  layout: FixedRows,
  skip: number,
): AsyncGenerator<Buffer> {
  const { start, rowBytes, rows } = layout
  if (skip >= rows) return
  const from = start + skip * rowBytes
  const end = start + rows * rowBytes - 1
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, {
    start: from,
    end,
    highWaterMark: CHUNK_BYTES,
  })) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let position = 0
    for (; position + rowBytes <= rest.length; position += rowBytes) {
      yield rest.subarray(position, position + rowBytes)
    }
    rest = rest.subarray(position)
  }
}
