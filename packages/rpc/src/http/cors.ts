/**
 * Which web pages of other origins may call: cross-origin resource sharing, by the Fetch standard.
 *
 * Credentials stand in headers here, never in cookies, so an origin gets no more than its page
 * brings itself.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface CorsOptions {
  /** `https://console.example.org`, each exactly as browsers send it. */
  readonly origins: readonly string[]
}

const REQUEST_HEADERS =
  'authorization, content-type, content-encoding, idempotency-key, ' +
  'x-api-key, x-vectron-project, x-request-id, traceparent'
const RESPONSE_HEADERS = 'x-request-id, retry-after, www-authenticate, allow'
/** Chromium keeps it no longer than two hours. */
const PREFLIGHT_SECONDS = 7200

/** Lets the page read the answer, whatever it will be. Answers whether its origin may call. */
export function allowOrigin(
  { origins }: CorsOptions,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (origins.length === 0) return false
  // Caches must not give the answer for one origin to another.
  response.setHeader('vary', 'origin')
  const { origin } = request.headers
  if (origin === undefined || !origins.includes(origin)) return false
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('access-control-expose-headers', RESPONSE_HEADERS)
  return true
}

/** Whether a browser asks before it sends what it was told to. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}

/** @param verbs what the path takes */
export function answerPreflight(response: ServerResponse, verbs: readonly string[]): void {
  response.writeHead(204, {
    'access-control-allow-methods': verbs.join(', '),
    'access-control-allow-headers': REQUEST_HEADERS,
    'access-control-max-age': `${PREFLIGHT_SECONDS}`,
  })
  response.end()
}
