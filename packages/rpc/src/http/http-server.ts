/**
 * The HTTP server: routes of annotated methods, a few plain routes, and errors for everything else.
 *
 * Bare node:http: nothing of a framework's router, schemas or hooks is needed here, and each layer
 * costs a search microseconds (docs/decisions/0006-rpc.md).
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Clock, LIMITS, type Logger, systemClock, VectronError } from '@vectron/base'
import { acceptRequestId } from '../call.ts'
import type { Dispatcher, Interceptor } from '../dispatch.ts'
import { type EndCause, ServerGuard } from '../guard/server-guard.ts'
import type { TurnAway } from '../guard/turn-away.ts'
import { PROBLEM_CONTENT_TYPE, retryAfterSeconds, toProblem } from '../problem.ts'
import type { BoundService } from '../service.ts'
import { explainReason, isServerFault, reportError, suggestReason } from '../status.ts'
import { drainRequest, type Headers, sendBody, sendProblem } from './answer.ts'
import { allowOrigin, answerPreflight, type CorsOptions, isPreflight } from './cors.ts'
import { httpBindings } from './http-binding.ts'
import { type ServedMethod, serveMethod } from './http-method.ts'
import { parseTemplate } from './path-template.ts'
import { type BodyLimits, readBody } from './request-body.ts'
import { Router } from './router.ts'

export interface HttpServerOptions {
  /** Address to listen on. Default: 127.0.0.1. */
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  /**
   * Each of their methods has a google.api.http annotation; otherwise the server does not
   * start.
   */
  readonly services: readonly BoundService[]
  /** Outermost first. They run for `services`, not for plain routes. */
  readonly interceptors?: readonly Interceptor[]
  /** Of `services`. Default: nobody is turned away. */
  readonly turnAway?: TurnAway | undefined
  /** Routes beside the methods, open to everybody. */
  readonly routes?: readonly PlainRoute[]
  /** Asked about every GET that no route takes; undefined: there is nothing. Default: nothing. */
  readonly pages?: (request: PageRequest) => Promise<PlainAnswer | undefined>
  readonly logger: Logger
  readonly clock?: Clock
  /** Default: no page of another origin may call. */
  readonly cors?: CorsOptions
  /** Default: bodyBytesMax and inflatedBodyBytesMax of LIMITS. */
  readonly limits?: BodyLimits
  /** Default: one of its own, with the default limits. */
  readonly guard?: ServerGuard
}

/** A route that is no method: health, metrics, documents, sessions of browsers. */
export interface PlainRoute {
  /** Default: GET. */
  readonly verb?: 'GET' | 'POST'
  /** A path template, such as `/livez`. */
  readonly path: string
  handle(request: PlainRequest): Promise<PlainAnswer> | PlainAnswer
}

export interface PlainRequest {
  /** Values of the template's variables, decoded. */
  readonly values: readonly string[]
  readonly query: URLSearchParams
  readonly header: (name: string) => string | undefined
  /** Address of the caller: `127.0.0.1:50412`. */
  readonly peer: string
  /** Of a POST, up to openRequestBytesMax of LIMITS; empty otherwise. */
  readonly body: Buffer
}

/** A GET for a path of which the routes know nothing. */
export interface PageRequest extends PlainRequest {
  readonly path: string
}

export interface PlainAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export interface RunningHttpServer {
  readonly port: number
  /** Refuses new connections, waits up to `graceMs` for running requests, then cuts them off. */
  close(graceMs?: number): Promise<void>
}

type Route =
  | { readonly kind: 'method'; readonly served: ServedMethod }
  | { readonly kind: 'plain'; readonly plain: PlainRoute }

/** Listens; rejects with UNAVAILABLE when the port cannot be had. */
export async function startHttpServer(options: HttpServerOptions): Promise<RunningHttpServer> {
  const guard = options.guard ?? ServerGuard.byDefault('http')
  const handler = new RequestHandler(options, guard)
  const server = createServer(
    {
      headersTimeout: LIMITS.headersTimeoutMs,
      // A stream of lines may last for hours: its pace is watched instead (guard/paced.ts).
      requestTimeout: 0,
      connectionsCheckingInterval: 2000,
      maxHeaderSize: LIMITS.headerBytesMax,
      keepAliveTimeout: 65_000,
      noDelay: true,
    },
    (request, response) => handler.handle(request, response),
  )
  guard.watch(server, (socket, cause) => refuseConnection(socket, guard.explain(cause)))
  server.on('clientError', (error, socket) => refuseSocket(error, socket as Socket, guard))
  const port = await listen(server, options.host ?? '127.0.0.1', options.port)
  return { port, close: (graceMs = 2000) => shutDown(server, graceMs) }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `The HTTP address ${host}:${port} cannot be used: ${cause.message}.`
      reject(new VectronError('UNAVAILABLE', message, { subject: 'port', cause }))
    })
    const backlog = LIMITS.connectionBacklog
    server.listen({ port, host, backlog }, () => resolve((server.address() as AddressInfo).port))
  })
}

function shutDown(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}

/** Finds the route of a request and has it answered. */
class RequestHandler {
  readonly #router = new Router<Route>()
  readonly #logger: Logger
  readonly #limits: BodyLimits
  readonly #cors: CorsOptions
  readonly #guard: ServerGuard
  readonly #clock: Clock
  readonly #pages: HttpServerOptions['pages']

  constructor(options: HttpServerOptions, guard: ServerGuard) {
    this.#logger = options.logger
    this.#cors = options.cors ?? { origins: [] }
    this.#guard = guard
    this.#clock = options.clock ?? systemClock
    this.#pages = options.pages
    this.#limits = options.limits ?? {
      bodyBytesMax: LIMITS.bodyBytesMax,
      inflatedBytesMax: LIMITS.inflatedBodyBytesMax,
    }
    const { interceptors = [], turnAway, clock = systemClock, routes = [] } = options
    for (const service of options.services)
      this.#addService(service, { interceptors, turnAway, clock })
    for (const plain of [...routes, errorsRoute]) {
      this.#router.add(plain.verb ?? 'GET', parseTemplate(plain.path), { kind: 'plain', plain })
    }
  }

  #addService(service: BoundService, dispatcher: Dispatcher): void {
    const { requestBytesMax = Infinity } = service
    const limits = {
      bodyBytesMax: Math.min(this.#limits.bodyBytesMax, requestBytesMax),
      inflatedBytesMax: Math.min(this.#limits.inflatedBytesMax, requestBytesMax),
    }
    const logger = this.#logger
    const guard = this.#guard
    for (const method of service.methods) {
      for (const binding of httpBindings(method.open)) {
        const served = { method, binding, dispatcher, limits, logger, guard }
        this.#router.add(binding.verb, binding.template, { kind: 'method', served })
      }
    }
  }

  /** Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request, response).catch((error) => this.#fail(request, response, error))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, query } = splitUrl(request.url ?? '/')
    const httpMethod = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET')
    const match = this.#router.match(httpMethod, path)
    const isAllowed = allowOrigin(this.#cors, request, response)
    if (isAllowed && isPreflight(request) && match.kind === 'wrong-method') {
      answerPreflight(response, match.allowed)
      return
    }
    switch (match.kind) {
      case 'found':
        if (match.route.kind === 'plain') {
          return this.#servePlain(
            match.route.plain,
            { values: match.values, query },
            request,
            response,
          )
        }
        return serveMethod(match.route.served, {
          request,
          response,
          path,
          query,
          values: match.values,
        })
      case 'wrong-method': {
        const allow = match.allowed.join(', ')
        const message = `${path} does not take ${httpMethod}; it takes ${allow}.`
        throw new RefusedRoute(new VectronError('METHOD_NOT_ALLOWED', message), { allow })
      }
      case 'not-found': {
        if (httpMethod === 'GET' && this.#pages !== undefined) {
          const asked = plainRequest(request, { values: [], query }, NO_BODY)
          const answer = await this.#pages({ ...asked, path })
          if (answer !== undefined) return sendPlain(answer, request, response)
        }
        const hint = match.nearest === undefined ? '' : ` Did you mean ${match.nearest}?`
        throw new VectronError('ROUTE_NOT_FOUND', `There is no route ${path}.${hint}`)
      }
    }
  }

  async #servePlain(
    plain: PlainRoute,
    facts: PlainFacts,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = plain.verb === 'POST' ? await this.#readSmallBody(request) : NO_BODY
    sendPlain(await plain.handle(plainRequest(request, facts, body)), request, response)
  }

  async #readSmallBody(request: IncomingMessage): Promise<Buffer> {
    const hold = this.#guard.bodies.hold(request.socket.remoteAddress ?? 'unknown')
    const bytesMax = LIMITS.openRequestBytesMax
    const limits = { bodyBytesMax: bytesMax, inflatedBytesMax: bytesMax }
    try {
      return await readBody(request, { limits, hold, clock: this.#clock })
    } finally {
      hold.release()
    }
  }

  #fail(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
    const error = thrown instanceof RefusedRoute ? thrown.refusal : thrown
    const headers = thrown instanceof RefusedRoute ? thrown.headers : {}
    const { path } = splitUrl(request.url ?? '/')
    const sentId = request.headers['x-request-id']
    const requestId = acceptRequestId(typeof sentId === 'string' ? sentId : undefined)
    if (isServerFault(error)) this.#logger.error({ requestId, path, err: error }, 'request failed')
    sendProblem(response, reportError(error, requestId), path, headers)
    drainRequest(request, this.#limits.bodyBytesMax)
  }
}

/** A refusal that needs headers of its own. */
class RefusedRoute extends Error {
  readonly refusal: VectronError
  readonly headers: Headers

  constructor(refusal: VectronError, headers: Headers) {
    super(refusal.message)
    this.refusal = refusal
    this.headers = headers
  }
}

interface PlainFacts {
  readonly values: readonly string[]
  readonly query: string
}

const NO_BODY = Buffer.alloc(0)

function plainRequest(
  request: IncomingMessage,
  { values, query }: PlainFacts,
  body: Buffer,
): PlainRequest {
  const { remoteAddress = 'unknown', remotePort = 0 } = request.socket
  return {
    values,
    query: new URLSearchParams(query),
    header: (name) => {
      const value = request.headers[name]
      return Array.isArray(value) ? value[0] : value
    },
    peer: `${remoteAddress}:${remotePort}`,
    body,
  }
}

function sendPlain(answer: PlainAnswer, request: IncomingMessage, response: ServerResponse): void {
  const headers = { ...answer.headers, 'content-type': answer.contentType }
  sendBody(response, answer.status, headers, answer.body)
  drainRequest(request, LIMITS.bodyBytesMax)
}

/** What a reason means and what to do: the `type` of every problem leads here. */
const errorsRoute: PlainRoute = {
  path: '/errors/{reason}',
  handle: ({ values: [name = ''] }) => {
    const text = explainReason(name)
    if (text === undefined) throw new VectronError('ROUTE_NOT_FOUND', suggestReason(name))
    return { status: 200, contentType: 'text/plain; charset=utf-8', body: text }
  },
}

function splitUrl(url: string): { path: string; query: string } {
  const mark = url.indexOf('?')
  if (mark < 0) return { path: url, query: '' }
  return { path: url.slice(0, mark), query: url.slice(mark + 1) }
}

/** Answers what is not HTTP, comes too slowly, or has a header beyond the limit, and closes. */
function refuseSocket(error: Error & { code?: string }, socket: Socket, guard: ServerGuard): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const { cause, refusal } = whyRefused(error.code)
  guard.ended(cause)
  writeRefusal(socket, refusal)
}

function whyRefused(code: string | undefined): { cause: EndCause; refusal: VectronError } {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW': {
      const message = `The header exceeds ${LIMITS.headerBytesMax} bytes.`
      return { cause: 'malformed', refusal: new VectronError('BODY_TOO_LARGE', message) }
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT': {
      const message = `The header did not come within ${LIMITS.headersTimeoutMs / 1000} s.`
      return { cause: 'slow-header', refusal: new VectronError('REQUEST_TOO_SLOW', message) }
    }
    default: {
      const message = 'This is no valid HTTP request.'
      return { cause: 'malformed', refusal: new VectronError('INVALID_ARGUMENT', message) }
    }
  }
}

/** Tells a caller who is one too many, without reading what he asks for. */
function refuseConnection(socket: Socket, message: string): void {
  socket.on('error', () => socket.destroy())
  socket.resume()
  writeRefusal(socket, new VectronError('OVERLOADED', message, { retryAfterMs: 1000 }))
}

/** Milliseconds that a refused caller has to read why. */
const REFUSAL_READ_MS = 1000

function writeRefusal(socket: Socket, refusal: VectronError): void {
  const report = reportError(refusal, acceptRequestId(undefined))
  const body = JSON.stringify(toProblem(report))
  const { retryAfterMs } = report
  socket.setTimeout(REFUSAL_READ_MS, () => socket.destroy())
  socket.end(
    [
      `HTTP/1.1 ${report.httpStatus} ${STATUS_CODES[report.httpStatus] ?? 'Refused'}`,
      `Content-Type: ${PROBLEM_CONTENT_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...(retryAfterMs === undefined ? [] : [`Retry-After: ${retryAfterSeconds(retryAfterMs)}`]),
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
