/**
 * Request bodies: whole, or line by line; inflated where they are compressed; never beyond a limit.
 */
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { VectronError } from '@vectron/base'

export interface BodyLimits {
  /** Bytes as sent. */
  readonly bodyBytesMax: number
  /** Bytes after decompression. */
  readonly inflatedBytesMax: number
}

/** The whole body. Throws BODY_TOO_LARGE before more than the limit is kept. */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of openBody(request, limits)) chunks.push(chunk)
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
}

/** The lines of an NDJSON body as they come, without empty ones. A line has the limit of a body. */
export async function* readLines(
  request: IncomingMessage,
  limits: BodyLimits,
): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let restBytes = 0
  const perLine = { bodyBytesMax: Infinity, inflatedBytesMax: Infinity }
  for await (const chunk of openBody(request, perLine)) {
    let begin = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, begin)) {
      checkLine(restBytes + end - begin, limits)
      const line = Buffer.concat([...rest, chunk.subarray(begin, end)])
      rest = []
      restBytes = 0
      begin = end + 1
      if (!isBlank(line)) yield line
    }
    rest.push(chunk.subarray(begin))
    restBytes += chunk.length - begin
    checkLine(restBytes, limits)
  }
  const last = Buffer.concat(rest)
  if (!isBlank(last)) yield last
}

function openBody(request: IncomingMessage, limits: BodyLimits): AsyncIterable<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > limits.bodyBytesMax) throw tooLarge('body', limits.bodyBytesMax)
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return limited(request, limits.bodyBytesMax)
  return limited(inflate(request, encoding), limits.inflatedBytesMax)
}

async function* limited(source: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooLarge('body', bytesMax)
    yield chunk
  }
}

async function* inflate(request: IncomingMessage, encoding: string): AsyncGenerator<Buffer> {
  const inflater = inflaterFor(encoding)
  request.on('error', (error) => inflater.destroy(error))
  request.on('aborted', () => inflater.destroy(new Error('the request was aborted')))
  request.pipe(inflater)
  try {
    for await (const chunk of inflater as Readable) yield chunk as Buffer
  } catch (cause) {
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

function tooLarge(what: 'body' | 'line', bytesMax: number): VectronError {
  const message = `The ${what} is larger than ${bytesMax} bytes.`
  return new VectronError('BODY_TOO_LARGE', message)
}
