/**
 * `bench restart`: how long after `kill -9` the first complete answer comes.
 *
 * From the start of the new process to an answer of a search that is complete and has all its
 * results, with every acknowledged point counted. Killed twice: right after the last
 * acknowledgement, while the graph is still being built, and once everything is in the graph. The
 * headline is the slower of the two.
 */
import { assert } from '@vectron/base'
import type { BenchOptions } from './bench-options.ts'
import { median } from './curve.ts'
import { readFloats } from './float-file.ts'
import type { Report } from './report.ts'
import { LOAD, type ServerRun, startServerRun } from './server-run.ts'
import { TRUTH_K } from './truth.ts'
import { openWords, type WordSet } from './words.ts'

interface Round {
  /** Killed right after the last acknowledgement. */
  readonly busyMs: number
  /** Killed when everything was in the graph. */
  readonly indexedMs: number
}

export async function benchRestart(options: BenchOptions): Promise<Report> {
  const set = await openWords(options.cache, options.size, options.note)
  const rounds: Round[] = []
  for (let round = 1; round <= options.buildRounds; round++) {
    rounds.push(await measureRound(set))
    options.note(`round ${round}/${options.buildRounds}`)
  }
  const busyMs = median(rounds.map((round) => round.busyMs))
  const indexedMs = median(rounds.map((round) => round.indexedMs))
  return {
    bench: 'restart',
    parameters: { set: set.name, size: set.size, rows: set.rows, rounds: rounds.length, ...LOAD },
    measured: { rounds },
    figures: new Map<string, number | string>([
      ['restart.busy.first_answer_ms', busyMs],
      ['restart.indexed.first_answer_ms', indexedMs],
      ['restart.first_answer_ms', Math.max(busyMs, indexedMs)],
    ]),
  }
}

async function measureRound(set: WordSet): Promise<Round> {
  const run = await startServerRun()
  try {
    await run.load(set)
    const busyMs = await firstAnswerMs(run, set)
    await run.client.call({ op: 'wait-indexed' })
    const indexedMs = await firstAnswerMs(run, set)
    return { busyMs, indexedMs }
  } finally {
    await run.close()
  }
}

async function firstAnswerMs(run: ServerRun, set: WordSet): Promise<number> {
  const queries = readFloats(set.queriesFile)
  const vector = [...queries.values.subarray(0, queries.dimension)]
  await run.server().kill()
  const started = performance.now()
  await run.restart()
  for (;;) {
    const route = '/v1/collections/words/points:search'
    const { body } = await run
      .server()
      .request('POST', route, { vector, topK: TRUTH_K, cache: false })
    if (body.complete === true && body.results.length === TRUTH_K) break
  }
  const elapsedMs = performance.now() - started
  const { body } = await run.server().request('GET', '/v1/collections/words')
  assert(
    Number(body.pointsCount) === set.rows,
    `${body.pointsCount} of ${set.rows} points came back`,
  )
  return elapsedMs
}
