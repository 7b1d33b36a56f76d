/**
 * `bench index`: Vectron's engine against hnswlib and usearch on the same vectors and queries.
 *
 * Builds on two threads, alternating between the contestants; then each opens what it saved, in a
 * process pinned to one core, and all sweep their efforts in turn, round after round. Speeds are
 * queries per second of CPU time, because the machine is shared; wall time is in the result file.
 * Compared at equal recall, by interpolation; with resident bytes a vector, file-backed ones apart.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchOptions } from './bench-options.ts'
import type { Child } from './child.ts'
import {
  type BuildTimes,
  type Contestant,
  type Memory,
  peerContestants,
  type SearchTimes,
  vectronContestant,
} from './contestant.ts'
import { type CurvePoint, median, speedAt } from './curve.ts'
import { openPeers } from './peers.ts'
import type { Report } from './report.ts'
import { exactAnswers, recallOf, TRUTH_K } from './truth.ts'
import { openWords, type WordSet } from './words.ts'

const BUILD_CORES = '0,1'
const BUILD_THREADS = 2
const SEARCH_CORE = '1'
const RECALLS = [0.95, 0.98, 0.99]

interface Serving {
  readonly contestant: Contestant
  readonly child: Child
}

interface Measured {
  readonly contestant: Contestant
  readonly builds: readonly BuildTimes[]
  readonly curve: readonly CurvePoint[]
  readonly memory: Memory
}

export async function benchIndex(options: BenchOptions): Promise<Report> {
  const set = await openWords(options.cache, options.size, options.note)
  const truth = exactAnswers(set, options.note)
  const contestants = [vectronContestant(set), ...chosenPeers(set, options)]
  const builds = await buildAll(contestants, set, options)
  const measured = await serveAll(contestants, builds, set, truth, options)
  return {
    bench: 'index',
    parameters: {
      set: set.name,
      size: set.size,
      rows: set.rows,
      queries: set.queries,
      dimension: set.dimension,
      k: TRUTH_K,
      rounds: options.rounds,
      buildRounds: options.buildRounds,
      buildThreads: BUILD_THREADS,
    },
    measured: Object.fromEntries(
      measured.map(({ contestant, builds, curve, memory }) => [
        contestant.name,
        { describe: contestant.describe, builds, curve, memory },
      ]),
    ),
    figures: figuresOf(set, measured),
  }
}

function chosenPeers(set: WordSet, options: BenchOptions): Contestant[] {
  if (options.withPeers) return peerContestants(set, openPeers(options.cache, options.note))
  options.note('without peers: ratios are left out')
  return []
}

/** A B C A B C: what the machine does meanwhile hits all alike. */
async function buildAll(
  contestants: readonly Contestant[],
  set: WordSet,
  options: BenchOptions,
): Promise<Map<Contestant, BuildTimes[]>> {
  const builds = new Map(contestants.map((one): [Contestant, BuildTimes[]] => [one, []]))
  for (let round = 1; round <= options.buildRounds; round++) {
    for (const contestant of contestants) {
      if (!contestant.comparesBuild && existsSync(contestant.saved)) continue
      const child = contestant.start(BUILD_CORES)
      const request = { op: 'build', vectors: set.vectorsFile, saved: contestant.saved }
      const times = await child.call<BuildTimes>({ ...request, threads: BUILD_THREADS })
      await child.close()
      builds.get(contestant)?.push(times)
      const seconds = times.wallSeconds.toFixed(1)
      options.note(`build ${round}/${options.buildRounds} ${contestant.name}: ${seconds} s`)
    }
  }
  return builds
}

async function serveAll(
  contestants: readonly Contestant[],
  builds: ReadonlyMap<Contestant, readonly BuildTimes[]>,
  set: WordSet,
  truth: Uint32Array,
  options: BenchOptions,
): Promise<Measured[]> {
  const serving = contestants.map((contestant) => ({
    contestant,
    child: contestant.start(SEARCH_CORE),
  }))
  for (const { contestant, child } of serving) {
    await child.call({ op: 'open', queries: set.queriesFile, saved: contestant.saved })
  }
  const sweeps = new Map(
    serving.map((one): [Serving, Sweep] => [one, { cpu: new Map(), recall: new Map() }]),
  )
  for (let round = 1; round <= options.rounds; round++) {
    for (const [one, sweep] of sweeps) await sweepOnce(one, sweep, set, truth)
    options.note(`search ${round}/${options.rounds}`)
  }
  const measured: Measured[] = []
  for (const [{ contestant, child }, sweep] of sweeps) {
    const memory = await child.call<Memory>({ op: 'memory' })
    await child.close()
    const curve = curveOf(sweep, set.queries)
    measured.push({ contestant, builds: builds.get(contestant) ?? [], curve, memory })
  }
  return measured
}

/** CPU seconds of all rounds, and the recall, by effort. */
interface Sweep {
  readonly cpu: Map<number, number[]>
  readonly recall: Map<number, number>
}

async function sweepOnce(
  { contestant, child }: Serving,
  sweep: Sweep,
  set: WordSet,
  truth: Uint32Array,
): Promise<void> {
  const answers = join(set.folder, `${contestant.name}.answers`)
  for (const effort of contestant.efforts) {
    const request = { op: 'search', k: TRUTH_K, effort, answers }
    const { cpuSeconds } = await child.call<SearchTimes>(request)
    sweep.cpu.set(effort, [...(sweep.cpu.get(effort) ?? []), cpuSeconds])
    sweep.recall.set(effort, recallOf(contestant.readAnswers(answers, TRUTH_K), truth))
  }
}

function curveOf(sweep: Sweep, queries: number): CurvePoint[] {
  return [...sweep.cpu].map(([effort, cpuSeconds]) => ({
    effort,
    recall: sweep.recall.get(effort) ?? 0,
    queriesPerCpuSecond: queries / median(cpuSeconds),
  }))
}

function figuresOf(set: WordSet, measured: readonly Measured[]): Map<string, number | string> {
  const figures = new Map<string, number | string>()
  const put = (name: string, value: number | string) =>
    figures.set(`index.${set.name}.${name}`, value)
  const [ours, ...peers] = measured
  if (ours === undefined) return figures
  for (const recall of RECALLS) {
    const label = `r${recall * 100}`
    const speed = speedAt(ours.curve, recall)
    put(`qps.${label}`, speed ?? 'recall not reached')
    if (peers.length > 0) put(`qps_ratio.${label}`, ratioAt(ours, peers, recall))
  }
  put('bytes_per_vector', ours.memory.anonymousBytes / set.rows)
  put('file_bytes_per_vector', ours.memory.fileBytes / set.rows)
  const best = bestAt(peers, 0.95)
  if (best !== undefined) {
    put('bytes_ratio', ours.memory.anonymousBytes / best.memory.anonymousBytes)
  }
  const ourBuild = middleBuild(ours)
  if (ourBuild !== undefined) {
    put('disk_bytes_per_vector', ourBuild.diskBytes / set.rows)
    put('build_per_s', set.rows / ourBuild.wallSeconds)
    const theirs = best === undefined ? undefined : middleBuild(best)
    if (theirs !== undefined) {
      put('build_cpu_ratio', theirs.cpuSeconds / ourBuild.cpuSeconds)
      put('build_ratio', theirs.wallSeconds / ourBuild.wallSeconds)
    }
  }
  if (best !== undefined) put('best_peer', best.contestant.name)
  return figures
}

/** Our speed over the fastest peer's at this recall. */
function ratioAt(ours: Measured, peers: readonly Measured[], recall: number): number | string {
  const speed = speedAt(ours.curve, recall)
  const best = bestAt(peers, recall)
  if (speed === undefined) return 'recall not reached'
  const theirs = best === undefined ? undefined : speedAt(best.curve, recall)
  return theirs === undefined ? 'no peer reached the recall' : speed / theirs
}

function bestAt(peers: readonly Measured[], recall: number): Measured | undefined {
  const speed = (peer: Measured) => speedAt(peer.curve, recall) ?? 0
  return peers.toSorted((a, b) => speed(b) - speed(a))[0]
}

/** The median of the builds; undefined when what an earlier run saved was opened. */
function middleBuild({ builds }: Measured): BuildTimes | undefined {
  if (builds.length === 0) return undefined
  return {
    wallSeconds: median(builds.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: median(builds.map(({ cpuSeconds }) => cpuSeconds)),
    diskBytes: median(builds.map(({ diskBytes }) => diskBytes)),
  }
}
