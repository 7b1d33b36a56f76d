// Proves on a cluster of real processes with two gateways that an alias is switched under load with
// no failed search: no answer mixes two collections, those that begin after the switch was answered
// come from the new one, and what it pointed to may be deleted at once.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { deadlineAfter, sleep, systemClock } from '@vectron/base'
import { Vectron } from '@vectron/client'
import type { LocalCluster } from '@vectron/local-cluster'
import { localCluster } from '../cluster/local-cluster.ts'

const ALIAS = 'live'
const POINTS = 50
const GENERATIONS = 6
const SEARCHERS = 4
const THERE = 'gateway-2'

let cluster: LocalCluster
/** A client of each gateway, which tries nothing again. */
let clients: Vectron[]

before(async () => {
  cluster = localCluster(mkdtempSync(join(tmpdir(), 'vectron-aliases-')))
  await cluster.create({ workers: 2, placement: 1, gateways: 2, port: 0 })
  await cluster.startAll()
  const apiKey = await cluster.createKey('test')
  const states = await cluster.states()
  clients = states
    .filter(({ node }) => node.service === 'gateway')
    .map(({ node }) => {
      const url = `http://127.0.0.1:${node.ports.http}`
      return new Vectron({ url, apiKey, retry: { retriesMax: 0 } })
    })
  assert.equal(clients.length, 2)
})

after(async () => {
  await cluster.stop()
  rmSync(cluster.folder, { recursive: true, force: true })
})

function nameOf(generation: number): string {
  return `generation-${generation}`
}

async function load(vectron: Vectron, generation: number): Promise<void> {
  const name = nameOf(generation)
  await vectron.createCollection({ name, dimension: 2, shardCount: 2 })
  const points = Array.from({ length: POINTS }, (_, n) => ({
    id: `${generation}-${n}`,
    vector: [Math.cos(n), Math.sin(n)],
  }))
  await vectron.collection(name).upsert(points)
}

/** The generation of all results of one search. */
async function search(vectron: Vectron): Promise<number> {
  const { results, complete } = await vectron.collection(ALIAS).search({ vector: [1, 0], topK: 20 })
  const generations = new Set(results.map(({ id }) => Number(id.split('-')[0])))
  assert.equal(complete, true)
  assert.equal(results.length, 20)
  assert.equal(generations.size, 1, `one collection answers: ${[...generations]}`)
  return [...generations][0] ?? 0
}

test('An alias is switched under load, and no search fails, mixes or goes back.', async () => {
  const [here, there] = clients
  assert.ok(here !== undefined && there !== undefined)
  await load(here, 1)
  await here.aliases.update([{ create: { alias: ALIAS, collection: nameOf(1) } }])
  /** By gateway: the newest generation that searches begun from now on may not fall behind. */
  const least = new Map([
    [here, 1],
    [there, 0],
  ])
  let hasEnded = false
  const counts = clients.map(() => 0)
  const searchAgainAndAgain = async (vectron: Vectron, place: number) => {
    while (!hasEnded) {
      const atLeast = least.get(vectron) ?? 0
      const generation = await search(vectron)
      assert.ok(generation >= atLeast, `generation ${generation} after ${atLeast}`)
      if (vectron === there) least.set(there, Math.max(least.get(there) ?? 0, generation))
      counts[place] = (counts[place] ?? 0) + 1
    }
  }
  const searching = clients.flatMap((vectron, place) =>
    Array.from({ length: SEARCHERS }, () => searchAgainAndAgain(vectron, place)),
  )
  const switching = async () => {
    try {
      for (let generation = 2; generation <= GENERATIONS; generation++) {
        await load(here, generation)
        // It stands still with searches in its sockets, which it takes up by what it knew before.
        await cluster.pause(THERE)
        const waiting = Array.from({ length: SEARCHERS }, () => search(there))
        await here.aliases.update([{ switch: { alias: ALIAS, collection: nameOf(generation) } }])
        least.set(here, generation)
        // Reads its own switch.
        assert.equal(await search(here), generation)
        await here.deleteCollection(nameOf(generation - 1))
        await cluster.resume(THERE)
        await Promise.all(waiting)
        await untilSeen(there, generation)
      }
    } finally {
      hasEnded = true
    }
  }
  await Promise.all([switching(), ...searching])
  assert.ok(counts.every((count) => count > GENERATIONS))
  const { collections } = { collections: [] as string[] }
  for await (const { name } of here.listCollections()) collections.push(name)
  assert.deepEqual(collections, [nameOf(GENERATIONS)])
})

/** The other gateway follows. */
async function untilSeen(vectron: Vectron, generation: number): Promise<void> {
  const deadline = deadlineAfter(systemClock, 30_000)
  while ((await search(vectron)) !== generation) {
    assert.ok(!deadline.passed, `generation ${generation} is not seen`)
    await sleep(systemClock, 10)
  }
}
