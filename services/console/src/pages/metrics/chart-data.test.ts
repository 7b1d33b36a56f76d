/** Samples as columns of a chart: lines with holes, and pauses that are not drawn across. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterView } from '@vectron/client'
import { ClusterHistory, type Sample } from '../../api/cluster-history.ts'
import { columnsOf, nodeLines } from './chart-data.ts'

function sample(time: number, lags: Readonly<Record<string, number>>): Sample {
  const nodes = Object.entries(lags).map(([name, lag]) => ({
    name,
    lag,
    replicaBytes: 0,
    cpuCores: 0,
    memoryBytes: 0,
  }))
  return { time, requests: {}, cacheHitShare: undefined, nodes }
}

test('a worker that joins late has a hole before', () => {
  const samples = [sample(1, { 'worker 2': 5 }), sample(2, { 'worker 2': 6, 'worker 10': 7 })]
  const lines = nodeLines(samples, ({ lag }) => lag)
  assert.deepEqual(
    lines.map(({ name }) => name),
    ['worker 2', 'worker 10'],
  )
  assert.deepEqual(columnsOf(samples, lines), [
    [1, 2],
    [5, 6],
    [null, 7],
  ])
})

test('a pause of the stream is a hole in all lines', () => {
  const samples = [sample(1, { a: 1 }), sample(21, { a: 2 })]
  const lines = nodeLines(samples, ({ lag }) => lag)
  assert.deepEqual(columnsOf(samples, lines), [
    [1, 11, 21],
    [1, null, 2],
  ])
})

test('the history takes each moment once, and sums the lag of each worker', () => {
  const history = new ClusterHistory()
  const view = {
    time: '2026-11-28T12:00:00Z',
    load: {
      gateway: 'gateway-1',
      requests: [],
      cacheLookupsPerSecond: 4,
      cacheHitsPerSecond: 1,
      cpuCores: 0.5,
      memoryBytes: 10,
    },
    workers: [
      { workerId: 1, state: 'up', replicaBytes: 3, cpuCores: 1, memoryBytes: 20 },
      { workerId: 2, state: 'dead', replicaBytes: 3, cpuCores: 1, memoryBytes: 20 },
    ],
    shards: [{ replicas: [{ workerId: 1, lag: 2 }] }, { replicas: [{ workerId: 1, lag: 3 }] }],
  } as unknown as ClusterView
  history.add(view)
  history.add(view)
  assert.equal(history.samples.length, 1)
  const [taken] = history.samples
  assert.equal(taken?.cacheHitShare, 0.25)
  assert.deepEqual(
    taken?.nodes.map(({ name, lag }) => [name, lag]),
    [
      ['worker 1', 5],
      ['gateway-1', undefined],
    ],
  )
})
