/**
 * A generator of load on a running Vectron, in a process of its own, driven by one JSON object a
 * line: searches with as many in flight as asked for, or at a given rate, whatever becomes of those
 * before.
 *
 * What it sends is made beforehand and what it gets is not decoded, and nothing is tried again: a
 * generator that works hard measures itself. Its own lateness is told beside what it measured.
 */
import http from 'node:http'
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'
import { create, toBinary } from '@bufbuild/protobuf'
import { assertDefined } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { answerLines } from './answer-lines.ts'
import { bytesOf, readFloats } from './float-file.ts'
import { keepBusy, type Outcome, offer, type Send } from './open-loop.ts'
import { TRUTH_K } from './truth.ts'

/** Connections that calls go over in turn. */
const CONNECTIONS = 32
/**
 * Of HTTP/1.1, where each carries one call at a time: more than a server lets in calls. They are
 * open before anything is measured, as those of many clients are.
 */
const SOCKETS = 2000

export type LoadProtocol = 'grpc' | 'http'

type Request =
  | {
      readonly op: 'connect'
      readonly protocol: LoadProtocol
      readonly grpcAddress: string
      readonly url: string
      readonly apiKey: string
      readonly collection: string
      readonly queries: string
    }
  | { readonly op: 'keep-busy'; readonly inFlight: number; readonly seconds: number }
  | { readonly op: 'offer'; readonly perSecond: number; readonly seconds: number }

type Connect = Extract<Request, { op: 'connect' }>

interface Connected {
  readonly send: Send
  close(): void
}

let connected: Connected | undefined

async function answer(request: Request): Promise<object> {
  if (request.op === 'connect') {
    connected?.close()
    connected = request.protocol === 'grpc' ? connectGrpc(request) : await connectHttp(request)
    return {}
  }
  const { send } = assertDefined(connected, 'connected before anything else')
  return request.op === 'offer' ? offer(send, request) : keepBusy(send, request)
}

function connectGrpc({ grpcAddress, apiKey, collection, queries }: Connect): Connected {
  const messages = eachQuery(queries, (f32) => {
    const vector = { data: { case: 'f32', value: f32 } } as const
    const request = {
      collection,
      query: { case: 'vector', value: vector } as const,
      topK: TRUTH_K,
      withPayload: false,
      cache: false,
    }
    const { SearchRequestSchema } = vectron
    return inFrame(toBinary(SearchRequestSchema, create(SearchRequestSchema, request)))
  })
  const headers = {
    ':method': 'POST',
    ':path': '/vectron.v1.Search/Search',
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': '30S',
    authorization: `Bearer ${apiKey}`,
  }
  const sessions = Array.from({ length: CONNECTIONS }, () => connect(`http://${grpcAddress}`))
  return {
    send: (turn) => {
      const session = sessions[turn % CONNECTIONS] as ClientHttp2Session
      return callGrpc(session, headers, messages[turn % messages.length] as Buffer)
    },
    close: () => {
      for (const session of sessions) session.destroy()
    },
  }
}

/** A message as the body of a call: no compression, its length, itself. */
function inFrame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

function callGrpc(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  message: Buffer,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let outcome = 'no status'
    const take = (head: Readonly<Record<string, unknown>>) => {
      const status = head['grpc-status']
      if (status !== undefined) outcome = outcomeOfStatus(String(status))
    }
    const stream = session.request(headers)
    stream.on('response', take)
    stream.on('trailers', take)
    stream.on('error', (error) => {
      outcome = error.message
    })
    stream.once('close', () => resolve(outcome))
    stream.resume()
    stream.end(message)
  })
}

/** RESOURCE_EXHAUSTED says that there is too much to do. */
function outcomeOfStatus(status: string): Outcome {
  if (status === '0') return 'answered'
  return status === '8' ? 'refused' : `status ${status}`
}

async function connectHttp({ url, apiKey, collection, queries }: Connect): Promise<Connected> {
  const bodies = eachQuery(queries, (f32) => {
    const vector = Buffer.from(f32).toString('base64')
    return Buffer.from(JSON.stringify({ vector, topK: TRUTH_K, withPayload: false, cache: false }))
  })
  const agent = new http.Agent({
    keepAlive: true,
    maxSockets: SOCKETS,
    maxFreeSockets: SOCKETS,
  })
  await Promise.all(Array.from({ length: SOCKETS }, () => openSocket(agent, `${url}/livez`)))
  const path = `${url}/v1/collections/${collection}/points:search`
  return {
    send: (turn) => {
      const body = bodies[turn % bodies.length] as Buffer
      const headers = {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'content-length': body.length,
      }
      return new Promise((resolve) => {
        const request = http.request(path, { method: 'POST', agent, headers }, (response) => {
          response.resume()
          response.once('end', () => resolve(outcomeOfHttp(response.statusCode ?? 0)))
        })
        request.once('error', (error) => resolve(error.message))
        request.end(body)
      })
    },
    close: () => agent.destroy(),
  }
}

function openSocket(agent: http.Agent, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent }, (response) => {
      response.resume()
      response.once('end', resolve)
    })
    request.once('error', reject)
  })
}

function outcomeOfHttp(status: number): Outcome {
  if (status === 200) return 'answered'
  return status === 429 || status === 503 ? 'refused' : `HTTP ${status}`
}

function eachQuery<T>(file: string, make: (f32: Uint8Array) => T): T[] {
  const { rows, dimension, values } = readFloats(file)
  const row = (at: number) => values.subarray(at * dimension, (at + 1) * dimension)
  return Array.from({ length: rows }, (_, at) => make(bytesOf(row(at))))
}

await answerLines(answer)
connected?.close()
