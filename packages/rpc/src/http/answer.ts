/**
 * Writing HTTP answers: JSON, problems, and lines of NDJSON with back-pressure.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { LIMITS } from '@vectron/base'
import { PROBLEM_CONTENT_TYPE, retryAfterSeconds, toProblem } from '../problem.ts'
import type { ErrorReport } from '../status.ts'

export const JSON_CONTENT_TYPE = 'application/json; charset=utf-8'
export const NDJSON_CONTENT_TYPE = 'application/x-ndjson; charset=utf-8'

export type Headers = Record<string, string | number>

/** Sends a whole answer. Does nothing when the caller has left. */
export function sendBody(
  response: ServerResponse,
  status: number,
  headers: Headers,
  body: Buffer | string,
): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** Sends an error as a problem. `instance`: the path that was asked for. */
export function sendProblem(
  response: ServerResponse,
  report: ErrorReport,
  instance: string,
  headers: Headers = {},
): void {
  const { all, body } = renderProblem(report, instance, headers)
  sendBody(response, report.httpStatus, all, body)
}

function renderProblem(
  report: ErrorReport,
  instance: string,
  headers: Headers,
): { all: Headers; body: string } {
  const all: Headers = { ...headers, 'content-type': PROBLEM_CONTENT_TYPE }
  all['x-request-id'] = report.requestId
  if (report.retryAfterMs !== undefined) {
    all['retry-after'] = retryAfterSeconds(report.retryAfterMs)
  }
  if (report.httpStatus === 401) all['www-authenticate'] = 'Bearer'
  return { all, body: JSON.stringify(toProblem(report, instance)) }
}

/** The last line of a stream that failed after it began. */
export function problemLine(report: ErrorReport, instance: string): string {
  return `${JSON.stringify({ error: toProblem(report, instance) })}\n`
}

/** Writes a part of a body; a promise when the caller reads more slowly than we write. */
export function writePart(
  response: ServerResponse,
  part: Buffer | string,
): Promise<void> | undefined {
  if (response.destroyed || response.write(part)) return undefined
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.once('drain', done)
    response.once('close', done)
  })
}

/** Milliseconds that a caller who sends without end has to read the answer. */
const STOP_SENDING_MS = 1000

/**
 * Takes in the rest of a request that was answered early, so that a caller who is still sending
 * gets to read the answer; ends with one who sends more than `bytesMax`, or for too long.
 */
export function drainRequest(
  request: IncomingMessage,
  bytesMax: number,
  end: () => void = () => request.destroy(),
): void {
  if (request.complete || request.destroyed) return
  let bytes = 0
  let timer = setTimeout(end, LIMITS.drainMs)
  const take = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= bytesMax) return
    request.off('data', take).pause()
    clearTimeout(timer)
    timer = setTimeout(end, STOP_SENDING_MS)
  }
  request.on('data', take).on('error', end)
  request.once('close', () => clearTimeout(timer))
  request.resume()
}

/**
 * Sends an error about the body itself, as the last answer of the connection: what is still being
 * sent would stand before the next request. The connection stays half open for a moment, since many
 * clients cannot read while they are writing, and lose the answer to a reset.
 */
export function sendLastProblem(
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  problem: { report: ErrorReport; instance: string; headers: Headers },
  bytesMax: number,
): void {
  const { report, instance, headers } = problem
  if (request.complete || response.destroyed) {
    sendProblem(response, report, instance, headers)
    return
  }
  const { all, body } = renderProblem(report, instance, headers)
  const length = Buffer.byteLength(body)
  response.writeHead(report.httpStatus, { ...all, connection: 'close', 'content-length': length })
  response.write(body)
  const end = () => response.end()
  request.once('end', end).once('close', end)
  drainRequest(request, bytesMax, end)
}
