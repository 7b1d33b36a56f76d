/**
 * Vectron's engine as a contestant of `bench index`: a process of its own, driven by one JSON
 * object a line, with the requests of peer_process.py.
 *
 * Everything goes through the addon's door as the worker uses it: commands and queries are encoded
 * in JavaScript. Encoding of writes counts in the build. Answers are handed on undecoded, so that
 * no garbage of JavaScript counts as the engine's memory.
 */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { assertDefined } from '@vectron/base'
import { engine, vectron, worker } from '@vectron/contracts'
import { configureEngine, openShardEngine, type ShardEngine } from '@vectron/native'
import { encodeSearchRequest, encodeUpsert } from '@vectron/shard'
import { answerLines } from './answer-lines.ts'
import type { BuildTimes, Memory, SearchTimes } from './contestant.ts'
import { bytesOf, type FloatRows, readFloats } from './float-file.ts'

/** Points of one command: a bulk load's batch. */
const BATCH_POINTS = 1000

interface BuildRequest {
  readonly op: 'build'
  readonly vectors: string
  readonly saved: string
  readonly threads: number
}

interface OpenRequest {
  readonly op: 'open'
  readonly queries: string
  readonly saved: string
}

interface SearchRequest {
  readonly op: 'search'
  readonly k: number
  /** The recall aimed at. */
  readonly effort: number
  /** File for the answer, an encoded engine.v1.SearchResult as the engine gave it. */
  readonly answers: string
}

/** Single queries one after the other; answers each one's latency. */
interface LatencyRequest {
  readonly op: 'latency'
  readonly k: number
  readonly effort: number
  readonly count: number
}

type Request =
  | BuildRequest
  | OpenRequest
  | SearchRequest
  | LatencyRequest
  | { readonly op: 'memory' }

interface Opened {
  readonly shard: ShardEngine
  readonly queries: FloatRows
  readonly before: ResidentBytes
}

interface ResidentBytes {
  readonly anonymous: number
  readonly file: number
}

let opened: Opened | undefined

async function answer(request: Request): Promise<object> {
  switch (request.op) {
    case 'build':
      return build(request)
    case 'open':
      return open(request)
    case 'search':
      return search(assertDefined(opened, 'opened before search'), request)
    case 'latency':
      return latency(assertDefined(opened, 'opened before latency'), request)
    case 'memory':
      return memory(assertDefined(opened, 'opened before memory'))
  }
}

async function build(request: BuildRequest): Promise<BuildTimes> {
  rmSync(request.saved, { recursive: true, force: true })
  const vectors = readFloats(request.vectors)
  configureEngine({ searchThreads: 1, indexThreads: request.threads })
  const shard = await openShardEngine({
    folder: request.saved,
    config: configOf(vectors.dimension),
    tailPointsMax: vectors.rows,
  })
  const clock = startClock()
  for (let row = 0, index = 1n; row < vectors.rows; row += BATCH_POINTS, index++) {
    await shard.apply([{ index, command: upsertOf(vectors, row) }])
  }
  await shard.indexed()
  const times = clock()
  await shard.close()
  return { ...times, diskBytes: folderBytes(request.saved) }
}

function upsertOf(vectors: FloatRows, from: number): Uint8Array {
  const to = Math.min(from + BATCH_POINTS, vectors.rows)
  const points = Array.from({ length: to - from }, (_, i) => ({
    id: String(from + i),
    vector: bytesOf(rowOf(vectors, from + i)),
    payload: new Uint8Array(0),
  }))
  return encodeUpsert({ requestId: '', timeMs: Date.now() }, points)
}

async function open(request: OpenRequest): Promise<object> {
  const queries = readFloats(request.queries)
  configureEngine({ searchThreads: 1, indexThreads: 1 })
  collectGarbage()
  const before = residentBytes()
  const config = configOf(queries.dimension)
  const shard = await openShardEngine({ folder: request.saved, config })
  await shard.indexed()
  opened = { shard, queries, before }
  return {}
}

async function search({ shard, queries }: Opened, request: SearchRequest): Promise<SearchTimes> {
  const rows = Array.from({ length: queries.rows }, (_, row) => row)
  const encoded = requestOf(queries, rows, request.k, request.effort)
  const clock = startClock()
  const result = await shard.search(encoded)
  const times = clock()
  writeFileSync(request.answers, result)
  return times
}

async function latency(
  { shard, queries }: Opened,
  request: LatencyRequest,
): Promise<{ microseconds: number[] }> {
  const microseconds: number[] = []
  for (let i = 0; i < request.count; i++) {
    const encoded = requestOf(queries, [i % queries.rows], request.k, request.effort)
    const started = performance.now()
    await shard.search(encoded)
    microseconds.push((performance.now() - started) * 1000)
  }
  return { microseconds }
}

function memory({ shard, before }: Opened): Memory {
  const bytes = fromBinary(worker.ShardReportSchema, shard.stats()).stats?.bytes
  collectGarbage()
  const now = residentBytes()
  return {
    anonymousBytes: now.anonymous - before.anonymous,
    fileBytes: now.file - before.file,
    accounted: {
      graphMemory: Number(bytes?.graphMemory ?? 0),
      payloadIndexMemory: Number(bytes?.payloadIndexMemory ?? 0),
    },
  }
}

function requestOf(
  queries: FloatRows,
  rows: readonly number[],
  topK: number,
  targetRecall: number,
): Uint8Array {
  const asked = rows.map((row) => ({
    target: { kind: 'vector', vector: bytesOf(rowOf(queries, row)) } as const,
    topK,
    filter: undefined,
    withPayload: false,
    withVector: false,
    exact: false,
    targetRecall,
    explain: false,
    excludeIds: [],
  }))
  return encodeSearchRequest(asked, 60_000_000)
}

function configOf(dimension: number): Uint8Array {
  const config = create(engine.ShardConfigSchema, {
    shardId: 1n,
    dimension,
    metric: vectron.Metric.COSINE,
  })
  return toBinary(engine.ShardConfigSchema, config)
}

function rowOf(floats: FloatRows, row: number): Float32Array {
  return floats.values.subarray(row * floats.dimension, (row + 1) * floats.dimension)
}

/** Wall and CPU seconds of this process, all threads, since now. */
function startClock(): () => SearchTimes {
  const wall = performance.now()
  const cpu = process.cpuUsage()
  return () => {
    const used = process.cpuUsage(cpu)
    return {
      wallSeconds: (performance.now() - wall) / 1000,
      cpuSeconds: (used.user + used.system) / 1e6,
    }
  }
}

function residentBytes(): ResidentBytes {
  const status = readFileSync('/proc/self/status', 'utf8')
  const kib = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0)
  return { anonymous: kib('RssAnon') * 1024, file: kib('RssFile') * 1024 }
}

function collectGarbage(): void {
  assertDefined(globalThis.gc, 'started with --expose-gc')({ flavor: 'last-resort' })
}

function folderBytes(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const sizes = names.map((name) => statSync(join(folder, name))).filter((stat) => stat.isFile())
  return sizes.reduce((sum, stat) => sum + stat.size, 0)
}

await answerLines(answer)
await opened?.shard.close()
