/**
 * A client of a running Vectron, in a process of its own, driven by one JSON object a line: loads
 * points, searches one after the other, or keeps several searches in flight.
 */
import http from 'node:http'
import { assertDefined } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { type Client, GrpcChannel } from '@vectron/rpc'
import { answerLines } from './answer-lines.ts'
import { bytesOf, type FloatRows, readFloats } from './float-file.ts'
import { TRUTH_K } from './truth.ts'
import { COLLECTION } from './words.ts'

export type ClientProtocol = 'grpc' | 'http'

type Request =
  | {
      readonly op: 'connect'
      readonly grpcAddress: string
      readonly url: string
      readonly apiKey: string
    }
  | {
      readonly op: 'load'
      readonly vectors: string
      readonly batchPoints: number
      readonly inFlight: number
      /** Of the collection that is made; left out: as the server decides. */
      readonly shardCount?: number
      readonly replicationFactor?: number
    }
  | { readonly op: 'wait-indexed' }
  | {
      readonly op: 'search'
      readonly queries: string
      readonly protocol: ClientProtocol
      readonly inFlight: number
      readonly count: number
      /** Of the queries only so many, again and again; left out: all of them. */
      readonly distinct?: number
      /** Answers may be remembered ones; left out: none is. */
      readonly cache?: boolean
    }

/** Answer to `load`: from the first byte sent to the last acknowledgement. */
export interface LoadTimes {
  readonly ackedSeconds: number
}

/** Answer to `search`. */
export interface SearchRun {
  readonly wallSeconds: number
  /** Of each search, in the order in which they ended. */
  readonly microseconds: readonly number[]
  /** Rows found for query i at i x TRUTH_K; each query at its last search. */
  readonly rows: readonly number[]
  /** Microseconds in the server of each answer that was remembered. */
  readonly rememberedUs: readonly number[]
}

interface Found {
  readonly ids: readonly string[]
  readonly tookUs: number
  readonly remembered: boolean
}

type Search = (vector: Uint8Array, cache: boolean) => Promise<Found>

interface Connected {
  readonly points: Client<typeof vectron.Points>
  readonly collections: Client<typeof vectron.Collections>
  readonly searches: Readonly<Record<ClientProtocol, Search>>
  close(): void
}

let connected: Connected | undefined

async function answer(request: Request): Promise<object> {
  if (request.op === 'connect') {
    connected?.close()
    connected = connect(request.grpcAddress, request.url, request.apiKey)
    return {}
  }
  const server = assertDefined(connected, 'connected before anything else')
  switch (request.op) {
    case 'load':
      return load(server, readFloats(request.vectors), request)
    case 'wait-indexed':
      return waitIndexed(server)
    case 'search':
      return search(server.searches[request.protocol], readFloats(request.queries), request)
  }
}

function connect(grpcAddress: string, url: string, apiKey: string): Connected {
  const headers = { authorization: `Bearer ${apiKey}` }
  const channel = new GrpcChannel(grpcAddress, { headers })
  const agent = new http.Agent({ keepAlive: true })
  return {
    points: channel.client(vectron.Points),
    collections: channel.client(vectron.Collections),
    searches: {
      grpc: grpcSearch(channel.client(vectron.Search)),
      http: httpSearch(agent, `${url}/v1/collections/${COLLECTION}/points:search`, apiKey),
    },
    close() {
      channel.close()
      agent.destroy()
    },
  }
}

function grpcSearch(client: Client<typeof vectron.Search>): Search {
  return async (vector, cache) => {
    const answer = await client.search({
      collection: COLLECTION,
      query: { case: 'vector', value: { data: { case: 'f32', value: vector } } },
      topK: TRUTH_K,
      withPayload: false,
      cache,
    })
    const ids = answer.results.map(({ id }) => id)
    return { ids, tookUs: answer.tookUs, remembered: answer.cache?.hit ?? false }
  }
}

function httpSearch(agent: http.Agent, url: string, apiKey: string): Search {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
  return (vector, cache) => {
    const base64 = Buffer.from(vector).toString('base64')
    const body = JSON.stringify({ vector: base64, topK: TRUTH_K, withPayload: false, cache })
    return new Promise((resolve, reject) => {
      const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => {
          if (response.statusCode !== 200) return reject(new Error(text))
          const answer = JSON.parse(text)
          const ids = answer.results.map((point: { id: string }) => point.id)
          resolve({ ids, tookUs: answer.tookUs, remembered: answer.cache.hit })
        })
      })
      request.on('error', reject)
      request.end(body)
    })
  }
}

async function load(
  { points, collections }: Connected,
  vectors: FloatRows,
  options: Extract<Request, { op: 'load' }>,
): Promise<LoadTimes> {
  const { batchPoints, inFlight, shardCount = 0, replicationFactor = 0 } = options
  const { dimension } = vectors
  await collections.createCollection({
    name: COLLECTION,
    dimension,
    shardCount,
    replicationFactor,
  })
  const started = performance.now()
  let next = 0
  const sendAll = async () => {
    while (next < vectors.rows) {
      const from = next
      next = Math.min(next + batchPoints, vectors.rows)
      await points.upsertPoints({ collection: COLLECTION, points: pointsOf(vectors, from, next) })
    }
  }
  await Promise.all(Array.from({ length: inFlight }, sendAll))
  return { ackedSeconds: (performance.now() - started) / 1000 }
}

function pointsOf(vectors: FloatRows, from: number, to: number) {
  return Array.from({ length: to - from }, (_, i) => ({
    id: String(from + i),
    vector: { data: { case: 'f32', value: rowBytes(vectors, from + i) } as const },
  }))
}

async function waitIndexed({ collections }: Connected): Promise<object> {
  for (;;) {
    const { pointsCount, indexedCount } = await collections.getCollection({
      collection: COLLECTION,
    })
    if (indexedCount === pointsCount) return { points: Number(pointsCount) }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function search(
  one: Search,
  queries: FloatRows,
  options: Extract<Request, { op: 'search' }>,
): Promise<SearchRun> {
  const { inFlight, count, distinct = queries.rows, cache = false } = options
  const microseconds: number[] = []
  const rememberedUs: number[] = []
  const rows = new Array<number>(queries.rows * TRUTH_K).fill(-1)
  let next = 0
  const started = performance.now()
  const ask = async () => {
    while (next < count) {
      const query = next++ % distinct
      const vector = rowBytes(queries, query)
      const sent = performance.now()
      const { ids, tookUs, remembered } = await one(vector, cache)
      if (remembered) rememberedUs.push(tookUs)
      microseconds.push((performance.now() - sent) * 1000)
      for (const [place, id] of ids.entries()) rows[query * TRUTH_K + place] = Number(id)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, ask))
  return { wallSeconds: (performance.now() - started) / 1000, microseconds, rows, rememberedUs }
}

function rowBytes(floats: FloatRows, row: number): Uint8Array {
  const { values, dimension } = floats
  return bytesOf(values.subarray(row * dimension, (row + 1) * dimension))
}

await answerLines(answer)
connected?.close()
