/**
 * Serves one method over HTTP: JSON in, JSON out; streams as NDJSON, one message a line.
 *
 * JSON becomes the bytes that a gRPC client would have sent, and an answer's bytes become JSON, so
 * a method behaves the same over both protocols. The body is read only when the interceptors have
 * let the call in. A stream that fails after its first line ends with a line `{"error":
 * <problem>}`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import { isVectronError, LIMITS, type Logger, VectronError } from '@vectron/base'
import { acceptRequestId, Call } from '../call.ts'
import { type Dispatcher, type Exchange, runCall } from '../dispatch.ts'
import type { BodyHold } from '../guard/body-budget.ts'
import type { ServerGuard } from '../guard/server-guard.ts'
import { jsonToField, jsonToMessage, messageToJson } from '../json/json-codec.ts'
import type { BoundFields } from '../json/read-message.ts'
import { type BoundMethod, methodPath } from '../service.ts'
import { isServerFault, reportError } from '../status.ts'
import { decodeRequest, encodeMessage } from '../wire-codec.ts'
import {
  drainRequest,
  type Headers,
  JSON_CONTENT_TYPE,
  NDJSON_CONTENT_TYPE,
  problemLine,
  sendBody,
  sendLastProblem,
  sendProblem,
  writePart,
} from './answer.ts'
import type { HttpBinding } from './http-binding.ts'
import { queryToJson } from './query.ts'
import { type BodyLimits, type BodyReading, readBody, readLines } from './request-body.ts'

type AnyMessage = MessageShape<DescMessage>

/** A method, its binding, and what all methods of a server share. */
export interface ServedMethod {
  readonly method: BoundMethod
  readonly binding: HttpBinding
  readonly dispatcher: Dispatcher
  readonly limits: BodyLimits
  readonly logger: Logger
  readonly guard: ServerGuard
}

/** One HTTP request for a method. */
export interface MethodRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The path as asked for, without the query. */
  readonly path: string
  readonly query: string
  /** Values of the path's variables, decoded. */
  readonly values: readonly string[]
}

const emptyObject = Buffer.from('{}')
const newline = Buffer.from('\n')

/** Answers the request; never rejects. */
export async function serveMethod(served: ServedMethod, asked: MethodRequest): Promise<void> {
  const refusal = served.dispatcher.turnAway?.({
    method: served.method.open,
    protocol: 'http',
    remainingMs: timeoutOf(served),
  })
  if (refusal !== undefined) {
    turnAway(served, asked, refusal)
    return
  }
  const call = startCall(served, asked)
  const output = streamsOut(served) ? new StreamAnswer(served, asked, call) : undefined
  let hold: BodyHold | undefined
  const read = (): BodyReading => {
    hold = served.guard.bodies.hold(call.caller)
    return { limits: served.limits, hold, clock: served.dispatcher.clock }
  }
  const exchange: Exchange = {
    request: () => oneRequest(served, asked, read()),
    requests: () => eachRequest(served, asked, read()),
    send: (message) => {
      const json = messageToJson(
        served.binding.output,
        encodeMessage(served.method.output, message),
      )
      if (output !== undefined) return output.send(json)
      sendBody(asked.response, 200, answerHeaders(call, JSON_CONTENT_TYPE), json)
      return undefined
    },
  }
  try {
    await runCall(served.dispatcher, served.method, call, exchange)
    output?.end()
    drainRequest(asked.request, served.limits.bodyBytesMax)
  } catch (error) {
    if (isVectronError(error, 'REQUEST_TOO_SLOW')) served.guard.ended('slow-body')
    fail(served, asked, call, error)
  }
  hold?.release()
}

/** Milliseconds that a caller waits who has no way to say. */
function timeoutOf({ method }: ServedMethod): number {
  return method.handler.kind === 'unary' ? LIMITS.requestTimeoutMsDefault : Infinity
}

function turnAway(served: ServedMethod, asked: MethodRequest, refusal: VectronError): void {
  const { request, response, path } = asked
  const sentId = request.headers['x-request-id']
  const requestId = acceptRequestId(typeof sentId === 'string' ? sentId : undefined)
  sendProblem(response, reportError(refusal, requestId), path)
  // A small body has come with the header, and is read by the next tick: there is nothing to drain.
  process.nextTick(() => drainRequest(request, served.limits.bodyBytesMax))
}

function startCall(served: ServedMethod, asked: MethodRequest): Call {
  const { request, response } = asked
  const call = new Call({
    method: served.method.open,
    protocol: 'http',
    clock: served.dispatcher.clock,
    timeoutMs: timeoutOf(served),
    peer: `${request.socket.remoteAddress ?? 'unknown'}:${request.socket.remotePort ?? 0}`,
    header: (name) => {
      const value = request.headers[name]
      return Array.isArray(value) ? value[0] : value
    },
  })
  response.once('close', () => {
    if (response.writableFinished) return
    call.abort(new VectronError('CANCELLED', 'The caller ended the request.'))
  })
  return call
}

function streamsOut(served: ServedMethod): boolean {
  const { kind } = served.method.handler
  return kind === 'server_streaming' || kind === 'bidi_streaming'
}

async function oneRequest(
  served: ServedMethod,
  asked: MethodRequest,
  reading: BodyReading,
): Promise<AnyMessage> {
  const { binding } = served
  const bound = boundFields(binding, asked.values)
  let bytes: Buffer
  switch (binding.body.kind) {
    case 'none':
      bytes = jsonToMessage(binding.input, queryToJson(binding.input, asked.query), bound)
      break
    case 'message':
      checkNoQuery(asked)
      bytes = jsonToMessage(binding.input, await jsonBody(asked, reading), bound)
      break
    case 'field': {
      const rest = jsonToMessage(binding.input, queryToJson(binding.input, asked.query), bound)
      const field = jsonToField(binding.body.field, await jsonBody(asked, reading))
      bytes = Buffer.concat([rest, field])
      break
    }
  }
  return decodeRequest(served.method.input, bytes)
}

async function* eachRequest(
  served: ServedMethod,
  asked: MethodRequest,
  reading: BodyReading,
): AsyncGenerator<AnyMessage> {
  checkContentType(asked.request, 'ndjson')
  const bound = boundFields(served.binding, asked.values)
  let number = 0
  for await (const line of readLines(asked.request, reading)) {
    number++
    yield readLine(served, line, bound, number)
  }
}

function readLine(
  served: ServedMethod,
  line: Buffer,
  bound: BoundFields,
  number: number,
): AnyMessage {
  try {
    return decodeRequest(served.method.input, jsonToMessage(served.binding.input, line, bound))
  } catch (error) {
    if (!isVectronError(error)) throw error
    const { field, reason, cause } = error
    const subject = `line ${number}`
    throw new VectronError(reason, `Line ${number}: ${error.message}`, { field, subject, cause })
  }
}

async function jsonBody(asked: MethodRequest, reading: BodyReading): Promise<Buffer> {
  const { headers } = asked.request
  const sent = headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined
  if (!sent || headers['content-length'] === '0') return emptyObject
  checkContentType(asked.request, 'json')
  const body = await readBody(asked.request, reading)
  return body.length === 0 ? emptyObject : body
}

const mediaTypes = {
  json: /^application\/([a-z0-9.+-]+\+)?json$/,
  ndjson: /^application\/(x-ndjson|ndjson|jsonl|x-jsonlines|jsonlines|json-seq)$/,
}

function checkContentType(request: IncomingMessage, wanted: 'json' | 'ndjson'): void {
  const sent = request.headers['content-type']
  const [type, ...parameters] = (sent ?? '').split(';').map((part) => part.trim().toLowerCase())
  const charset = parameters.find((each) => each.startsWith('charset='))?.replace(/"/g, '')
  const utf8 = charset === undefined || charset === 'charset=utf-8' || charset === 'charset=utf8'
  if (mediaTypes[wanted].test(type ?? '') && utf8) return
  const name = wanted === 'json' ? 'application/json' : 'application/x-ndjson'
  const got = sent === undefined ? 'there is none' : `it is "${sent}"`
  const message = `The content-type must be ${name}; ${got}.`
  throw new VectronError('UNSUPPORTED_MEDIA_TYPE', message, { field: 'content-type' })
}

function checkNoQuery(asked: MethodRequest): void {
  const [name] = new URLSearchParams(asked.query).keys()
  if (name === undefined) return
  const message = `This route takes no query parameters; put "${name}" into the body.`
  throw new VectronError('UNKNOWN_FIELD', message, { field: name })
}

function boundFields(binding: HttpBinding, values: readonly string[]): BoundFields {
  return new Map(binding.pathFields.map((field, i) => [field, values[i] as string]))
}

function answerHeaders(call: Call, contentType: string): Headers {
  const headers: Headers = { 'content-type': contentType, ...commonHeaders(call) }
  headers['server-timing'] = `total;dur=${call.elapsedMs().toFixed(3)}`
  return headers
}

/** Of answers and errors alike. */
function commonHeaders(call: Call): Headers {
  const headers: Headers = { 'x-request-id': call.requestId }
  if (call.traceparent !== undefined) headers['traceparent'] = call.traceparent
  if (call.hasResponseHeaders) {
    for (const [name, value] of call.responseHeaders) headers[name] = value
  }
  return headers
}

/** An answer of lines. The status line waits for the first message: until then a call may fail. */
class StreamAnswer {
  readonly #served: ServedMethod
  readonly #asked: MethodRequest
  readonly #call: Call

  constructor(served: ServedMethod, asked: MethodRequest, call: Call) {
    this.#served = served
    this.#asked = asked
    this.#call = call
  }

  send(json: Buffer): Promise<void> | undefined {
    this.#begin()
    return writePart(this.#asked.response, Buffer.concat([oneLine(json), newline]))
  }

  end(): void {
    this.#begin()
    this.#asked.response.end()
  }

  #begin(): void {
    const { response } = this.#asked
    if (response.headersSent || response.destroyed) return
    const { logger } = this.#served
    logger.trace({ requestId: this.#call.requestId }, 'stream begins')
    response.writeHead(200, answerHeaders(this.#call, NDJSON_CONTENT_TYPE))
  }
}

/** Payloads may hold line breaks between tokens, where a space means the same. */
function oneLine(json: Buffer): Buffer {
  for (let at = 0; at < json.length; at++) {
    if (json[at] === 0x0a || json[at] === 0x0d) json[at] = 0x20
  }
  return json
}

function fail(served: ServedMethod, asked: MethodRequest, call: Call, error: unknown): void {
  const { response, path } = asked
  const report = reportError(error, call.requestId)
  if (isServerFault(error)) {
    const fields = { requestId: call.requestId, method: methodPath(call.method), err: error }
    served.logger.error(fields, 'call failed')
  }
  const { bodyBytesMax } = served.limits
  const problem = { report, instance: path, headers: commonHeaders(call) }
  const ofBody =
    isVectronError(error, 'BODY_TOO_LARGE') || isVectronError(error, 'REQUEST_TOO_SLOW')
  if (ofBody && !response.headersSent) {
    sendLastProblem(asked, problem, bodyBytesMax)
  } else {
    if (response.headersSent) response.end(problemLine(report, path))
    else sendProblem(response, report, path, problem.headers)
    drainRequest(asked.request, bodyBytesMax)
  }
}
