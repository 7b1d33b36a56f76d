/**
 * What is compared in `bench index`: Vectron's engine and its peers, each in a process of its own
 * that speaks the same few requests.
 *
 * One process builds and saves; another, pinned to one core, opens what was saved, answers and is
 * measured. So no memory of the build counts against anybody's searches.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { engine, vectron } from '@vectron/contracts'
import { type Child, startChild } from './child.ts'
import { readRowNumbers } from './float-file.ts'
import type { Peers } from './peers.ts'
import type { WordSet } from './words.ts'

export interface Contestant {
  readonly name: string
  /** What it is, with its parameters, for the result file. */
  readonly describe: string
  /** Rising efforts: ef of the peers, the recall aimed at of ours. */
  readonly efforts: readonly number[]
  start(cores: string): Child
  /** The rows that an answer file holds, k for each query in turn. */
  readAnswers(file: string, k: number): Uint32Array
  /** Built in every round, to be compared; otherwise once, and what it saved is kept. */
  readonly comparesBuild: boolean
  /** Where it saves what it built. */
  readonly saved: string
}

/** Answer to `build`. */
export interface BuildTimes {
  readonly wallSeconds: number
  readonly cpuSeconds: number
  /** What it saved, vectors included. */
  readonly diskBytes: number
}

/** Answer to `search`: all queries, one after the other, on one thread. */
export interface SearchTimes {
  readonly wallSeconds: number
  readonly cpuSeconds: number
}

/** Answer to `memory`. */
export interface Memory {
  /** Anonymous memory since before the open. */
  readonly anonymousBytes: number
  /** File-backed pages since before the open; the system may drop them. */
  readonly fileBytes: number
  /** What the engine itself accounts for; ours alone. */
  readonly accounted?: Readonly<Record<string, number>>
}

const RECALLS = [0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999]
const EXPANSIONS = [40, 60, 80, 100, 130, 170, 220, 300, 400, 600, 800, 1000]

export function vectronContestant(set: WordSet): Contestant {
  const program = process.execPath
  const script = join(import.meta.dirname, 'engine-process.ts')
  return {
    name: 'vectron',
    describe: 'ShardEngine through the addon, cosine, defaults',
    efforts: RECALLS,
    comparesBuild: true,
    saved: join(set.folder, 'vectron'),
    readAnswers: readEngineAnswers,
    start: (cores) =>
      startChild({ name: 'vectron', program, args: ['--expose-gc', script], cores }),
  }
}

/** Ids are row numbers; a query with fewer than k hits keeps a row that does not exist. */
function readEngineAnswers(file: string, k: number): Uint32Array {
  const { results } = fromBinary(engine.SearchResultSchema, readFileSync(file))
  const rows = new Uint32Array(results.length * k).fill(0xffff_ffff)
  for (const [query, { points, error }] of results.entries()) {
    if (error !== undefined) throw new Error(`query ${query}: ${error.message}`)
    for (const [place, point] of points.entries()) {
      rows[query * k + place] = Number(fromBinary(vectron.ScoredPointSchema, point).id)
    }
  }
  return rows
}

/** hnswlib and usearch with the parameters that the trial of the index used. */
export function peerContestants(set: WordSet, peers: Peers): Contestant[] {
  const { hnswlib, usearch } = peers.versions
  return [
    peer(set, peers, {
      library: 'hnswlib',
      describe: `hnswlib ${hnswlib}, M 16, efConstruction 200, f32, -O3 -march=native`,
      comparesBuild: true,
    }),
    peer(set, peers, {
      library: 'usearch',
      describe: `usearch ${usearch}, connectivity 16, expansion_add 200, f32`,
      // Its build takes several times hnswlib's, so it is never the one to compare with.
      comparesBuild: false,
    }),
  ]
}

interface PeerPlan {
  readonly library: 'hnswlib' | 'usearch'
  readonly describe: string
  readonly comparesBuild: boolean
}

function peer(set: WordSet, { python }: Peers, plan: PeerPlan): Contestant {
  const { library, describe, comparesBuild } = plan
  const script = join(import.meta.dirname, 'peer_process.py')
  const parameters = JSON.stringify({ library, links: 16, buildWidth: 200 })
  return {
    name: library,
    describe,
    efforts: EXPANSIONS,
    comparesBuild,
    saved: join(set.folder, `${library}.bin`),
    readAnswers: readRowNumbers,
    start: (cores) =>
      startChild({ name: library, program: python, args: [script, parameters], cores }),
  }
}
