/**
 * Request bodies: whole, or line by line; inflated where they are compressed; never beyond a limit,
 * neither of one body nor of all together, and not more slowly than they may.
 */
import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { type Clock, isVectronError, LIMITS, VectronError } from '@vectron/base'
import type { BodyHold } from '../guard/body-budget.ts'
import { BODY_PACE, collectParts, type Pace, paced, STREAM_PACE } from '../guard/paced.ts'

export interface BodyLimits {
  /** Bytes as sent. */
  readonly bodyBytesMax: number
  /** Bytes after decompression. */
  readonly inflatedBytesMax: number
}

/** How the body of one request is read. */
export interface BodyReading {
  readonly limits: BodyLimits
  readonly hold: BodyHold
  readonly clock: Clock
}

/** The whole body. Throws BODY_TOO_LARGE before more than the limit is kept. */
export async function readBody(request: IncomingMessage, reading: BodyReading): Promise<Buffer> {
  const { limits, hold, clock } = reading
  const encoding = encodingOf(request, limits)
  const bytesMax = encoding === IDENTITY ? limits.bodyBytesMax : limits.inflatedBytesMax
  const chunks: Buffer[] = []
  let bytes = 0
  const take = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooLarge('body', bytesMax)
    hold.resize(bytes)
    chunks.push(chunk)
  }
  if (encoding === IDENTITY) {
    await collectParts(request, { pace: BODY_PACE, clock, take })
  } else {
    const sent = partsOf(request, BODY_PACE, clock)
    for await (const chunk of inflate(sent, encoding)) take(chunk)
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
}

/** The lines of an NDJSON body as they come, without empty ones. A line has the limit of a body. */
export async function* readLines(
  request: IncomingMessage,
  reading: BodyReading,
): AsyncGenerator<Buffer> {
  const { limits, hold, clock } = reading
  const encoding = encodingOf(request, { bodyBytesMax: Infinity })
  const sent = partsOf(request, STREAM_PACE, clock)
  const parts = encoding === IDENTITY ? sent : inflate(sent, encoding)
  let rest: Buffer[] = []
  let restBytes = 0
  // A bomb may unfold to empty lines, which is work without end as well.
  let blankBytes = 0
  for await (const chunk of parts) {
    let begin = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, begin)) {
      checkLine(restBytes + end - begin, limits)
      const line = Buffer.concat([...rest, chunk.subarray(begin, end)])
      rest = []
      restBytes = 0
      begin = end + 1
      if (isBlank(line)) {
        blankBytes += line.length + 1
        if (blankBytes > LIMITS.blankLinesBytesMax) throw tooBlank()
      } else {
        blankBytes = 0
        yield line
      }
    }
    rest.push(chunk.subarray(begin))
    restBytes += chunk.length - begin
    checkLine(restBytes, limits)
    hold.resize(restBytes)
  }
  const last = Buffer.concat(rest)
  if (!isBlank(last)) yield last
}

const IDENTITY = 'identity'

/** How the body is compressed. @throws VectronError BODY_TOO_LARGE: its header says so already */
function encodingOf(
  request: IncomingMessage,
  { bodyBytesMax }: Pick<BodyLimits, 'bodyBytesMax'>,
): string {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > bodyBytesMax) throw tooLarge('body', bodyBytesMax)
  return request.headers['content-encoding'] ?? IDENTITY
}

function partsOf(request: IncomingMessage, pace: Pace, clock: Clock): AsyncIterable<Buffer> {
  // Left open when the reading ends early: its caller gets an answer on the same socket.
  return paced(request.iterator({ destroyOnReturn: false }), pace, clock)
}

async function* inflate(sent: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<Buffer> {
  const inflater = inflaterFor(encoding)
  // What fails also ends the inflater with the same error, which is where it is met.
  pipeline(sent, inflater, () => undefined)
  try {
    for await (const chunk of inflater as Readable) yield chunk as Buffer
  } catch (cause) {
    if (isVectronError(cause)) throw cause
    const message = `The body is not valid ${encoding}.`
    throw new VectronError('INVALID_ARGUMENT', message, { field: 'content-encoding', cause })
  }
}

function inflaterFor(encoding: string) {
  switch (encoding.toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    default: {
      const message = `The content encoding "${encoding}" is not supported; use gzip.`
      throw new VectronError('UNSUPPORTED_MEDIA_TYPE', message, { field: 'content-encoding' })
    }
  }
}

function checkLine(bytes: number, limits: BodyLimits): void {
  if (bytes > limits.bodyBytesMax) throw tooLarge('line', limits.bodyBytesMax)
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09)
}

function tooBlank(): VectronError {
  const message = `More than ${LIMITS.blankLinesBytesMax} bytes of empty lines follow one another.`
  return new VectronError('BODY_TOO_LARGE', message)
}

function tooLarge(what: 'body' | 'line', bytesMax: number): VectronError {
  const message = `The ${what} is larger than ${bytesMax} bytes.`
  return new VectronError('BODY_TOO_LARGE', message)
}
