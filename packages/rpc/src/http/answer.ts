/**
 * Writing HTTP answers: JSON, problems, and lines of NDJSON with back-pressure.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
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
  const problem = toProblem(report, instance)
  const all: Headers = { ...headers, 'content-type': PROBLEM_CONTENT_TYPE }
  all['x-request-id'] = report.requestId
  if (report.retryAfterMs !== undefined) {
    all['retry-after'] = retryAfterSeconds(report.retryAfterMs)
  }
  if (report.httpStatus === 401) all['www-authenticate'] = 'Bearer'
  sendBody(response, report.httpStatus, all, JSON.stringify(problem))
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

/**
 * Takes in the rest of a request that was answered early, so that a caller who is still sending
 * gets to read the answer; gives up on one who sends more than `bytesMax`.
 */
export function drainRequest(request: IncomingMessage, bytesMax: number): void {
  if (request.complete || request.destroyed) return
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > bytesMax) request.destroy()
  })
  request.on('error', () => request.destroy())
  request.resume()
}
