/**
 * The cluster pages at a cluster of real processes: a leader is handed on, a worker is drained, and
 * a node is stopped and started from the page, which shows it all without a reload while searches
 * go on.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { type ShardInfo, Vectron } from '@vectron/client'
import type { Page } from 'playwright-core'
import { type ConsoleCluster, startConsoleCluster } from './console-cluster.ts'
import { type OpenedBrowser, openBrowser, settled } from './open-console.ts'

/** Milliseconds: nodes that start, replicas that move and elections take some time. */
const PATIENCE = { timeout: 90_000 }
const DIMENSION = 4
const POINTS = 60

let folder = ''
let running: ConsoleCluster
let vectron: Vectron
let opened: OpenedBrowser
let url = ''

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'vectron-console-cluster-'))
  // Every query is slow.
  running = await startConsoleCluster(folder, '\n[slowQueries]\nthresholdMs = 0\n')
  url = running.url
  vectron = new Vectron(running)
  await fill('moving', { shardCount: 2, replicationFactor: 2 })
  await fill('steady', { shardCount: 1, replicationFactor: 3 })
  opened = await openBrowser(running)
  opened.page.context().setDefaultTimeout(PATIENCE.timeout)
})

after(async () => {
  await opened?.close()
  await running?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('the page shows three workers and where each shard is', async () => {
  const { page } = opened
  await page.goto(`${url}/cluster`)
  await settled(page)
  for (const { workerId } of await vectron.cluster.workers()) {
    await page.getByRole('row', { name: new RegExp(`worker ${workerId}.* up `) }).waitFor()
  }
  const shards = await vectron.cluster.shards()
  for (const { shardId, collection } of shards) {
    const row = shardRow(page, { shardId, collection })
    await row.getByText('leader, ready').first().waitFor(PATIENCE)
  }
  opened.check()
})

test('a leader is handed on by the page, which shows the new one', async () => {
  const { page } = opened
  await page.goto(`${url}/cluster`)
  await settled(page)
  const shard = await shardOf('steady')
  const next = shard.workerIds.find((id) => id !== shard.leaderWorkerId)
  await shardRow(page, shard).click()
  const drawer = page.getByRole('dialog', { name: /Shard \d+ of steady/ })
  await drawer.getByRole('combobox', { name: 'New leader' }).click()
  await page.getByRole('option', { name: `worker ${next}` }).click()
  await drawer.getByRole('button', { name: 'Transfer leader' }).click()
  await page.getByRole('button', { name: 'Transfer', exact: true }).click()
  await drawer.getByRole('row', { name: new RegExp(`worker ${next} leader`) }).waitFor(PATIENCE)
  assert.equal((await shardOf('steady')).leaderWorkerId, next)
  await page.getByRole('button', { name: 'Close the shard' }).click()
  await page
    .getByRole('list', { name: 'Moves' })
    .getByText('Change of leader of steady')
    .first()
    .waitFor()
  opened.check()
})

test('a worker is drained: its replicas move away, and it takes some again', async () => {
  const { page } = opened
  await page.goto(`${url}/cluster`)
  await settled(page)
  const shards = await vectron.cluster.shards('moving')
  const workerId = shards[0]?.workerIds[0]
  await chooseAction(page, `worker ${workerId}`, 'Drain')
  await page.getByRole('button', { name: 'Drain worker' }).click()
  const row = page.getByRole('row', { name: new RegExp(`^worker ${workerId} `) })
  await row.getByText('draining').waitFor(PATIENCE)
  // The collection with a replica on every worker has nowhere to go.
  await row.getByText('1 replica left').waitFor(PATIENCE)
  const moves = page.getByRole('list', { name: 'Moves' })
  await moves
    .getByText(/^Move of moving/)
    .first()
    .waitFor(PATIENCE)
  const left = await vectron.cluster.shards('moving')
  assert.ok(left.every(({ workerIds }) => !workerIds.includes(workerId ?? 0)))
  await chooseAction(page, `worker ${workerId}`, 'Take replicas again')
  await page.getByRole('button', { name: 'Take replicas again' }).click()
  await row.getByText('up', { exact: true }).waitFor(PATIENCE)
  opened.check()
})

test('a failover is watched live: the node is stopped, another leads, searches go on', async () => {
  const { page } = opened
  await page.goto(`${url}/cluster`)
  await settled(page)
  await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }))
  const shard = await shardOf('steady')
  const victim = shard.leaderWorkerId
  const searching = new Searching()
  try {
    const row = page.getByRole('row', { name: new RegExp(`^worker ${victim} `) })
    await row.getByRole('button', { name: /^Stop this node: worker-/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Stop this node' }).click()
    await row.getByText(/^(silent|dead)$/).waitFor(PATIENCE)
    const marks = shardRow(page, shard).getByText(/^leader, ready$/)
    await marks.waitFor(PATIENCE)
    const heir = await untilLedByOther(victim)
    const column = await columnOf(page, heir)
    await shardRow(page, shard)
      .locator(`td:nth-child(${column})`)
      .getByText('leader, ready')
      .waitFor(PATIENCE)
    await searching.untilMore(20)
    await row.getByRole('button', { name: /^Start it again: worker-/ }).click()
    await row.getByText('up', { exact: true }).waitFor(PATIENCE)
    await shardRow(page, shard).getByText('voter, ready').nth(1).waitFor(PATIENCE)
  } finally {
    await searching.stop()
  }
  assert.deepEqual(searching.failures, [])
  assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'isSamePage')), true)
  await page
    .getByRole('list', { name: 'Events' })
    .getByText(/worker \d+ is/)
    .first()
    .waitFor()
  opened.check()
})

test('the charts draw what the cluster does, for the time that is chosen', async () => {
  const { page } = opened
  await page.goto(`${url}/charts`)
  await settled(page)
  await page.getByRole('img', { name: 'Requests, over time' }).locator('canvas').waitFor()
  await page.getByRole('img', { name: 'CPU, over time' }).getByText('worker 3').waitFor()
  // The marks of the axis are drawn; this is the newest value, without a pointer over the chart.
  await page.getByRole('img', { name: 'Memory, over time' }).getByText(/MiB$/).first().waitFor()
  await page.getByText('15m').click()
  await page.waitForURL(/window=15m/)
  opened.check()
})

test('a slow query is asked again in the search lab, with its filter and its top k', async () => {
  const { page } = opened
  const filter = { must: [{ field: 'third', match: 1 }] }
  const vector = [0, 1, 0, 0]
  const { results } = await vectron.collection('moving').search({ vector, topK: 7, filter })
  await page.goto(`${url}/slow-queries?collection=moving&method=Search`)
  await settled(page)
  await page.getByRole('row', { name: / vector 7 OK/ }).click()
  const drawer = page.getByRole('dialog', { name: 'Search of moving' })
  await drawer.getByRole('list').getByText('fan out').waitFor()
  await drawer.getByRole('link', { name: 'Open in the search lab' }).click()
  await page.getByRole('heading', { level: 1, name: 'Search lab' }).waitFor()
  const asked = new URL(page.url()).searchParams
  assert.deepEqual(JSON.parse(asked.get('a') ?? ''), { topK: 7, filter })
  assert.equal(asked.get('collection'), 'moving')
  await page.getByRole('textbox', { name: /^Vector/ }).fill(vector.join(', '))
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  for (const { id } of results) await page.getByText(id, { exact: true }).first().waitFor()
  opened.check()
})

test('a reader is shown neither the pages of operators nor their actions', async () => {
  const { page, takeComplaints } = await opened.openStranger()
  page.context().setDefaultTimeout(PATIENCE.timeout)
  await page.goto(`${url}/register`)
  await page.getByLabel('Email').fill('reader@example.com')
  await page.getByRole('textbox', { name: 'Password' }).fill('a long pass phrase')
  await page.getByRole('button', { name: /Register|Create/ }).click()
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
  await page.getByText('All is served').waitFor(PATIENCE)
  const places = page.getByRole('navigation', { name: 'Pages' })
  for (const [name, address] of [
    ['Cluster', '/cluster'],
    ['Metrics', '/charts'],
  ] as const) {
    assert.equal(await places.getByRole('link', { name }).count(), 0)
    await page.goto(url + address)
    await page.getByText('This page is not for you').waitFor()
  }
  assert.deepEqual(takeComplaints(), [])
  await page.context().close()
})

async function fill(
  name: string,
  spread: { readonly shardCount: number; readonly replicationFactor: number },
): Promise<void> {
  await vectron.createCollection({ name, dimension: DIMENSION, ...spread })
  await vectron.collection(name).upsert(
    Array.from({ length: POINTS }, (_, index) => ({
      id: `point-${index}`,
      vector: Array.from({ length: DIMENSION }, (_, axis) => Math.sin(1 + index * (axis + 1))),
      payload: { third: index % 3 },
    })),
  )
}

async function shardOf(collection: string): Promise<ShardInfo> {
  const [shard] = await vectron.cluster.shards(collection)
  assert.ok(shard)
  return shard
}

async function untilLedByOther(workerId: ShardInfo['leaderWorkerId']) {
  for (;;) {
    const { leaderWorkerId } = await shardOf('steady')
    if (Number(leaderWorkerId) !== 0 && leaderWorkerId !== workerId) return leaderWorkerId
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function shardRow(page: Page, { shardId, collection }: Pick<ShardInfo, 'shardId' | 'collection'>) {
  const map = page.getByRole('table', { name: 'Shards by worker' })
  return map.getByRole('row', { name: new RegExp(`^${collection} ?${shardId} `) })
}

/** Place of a worker's column in the shard map, from 1. */
async function columnOf(page: Page, workerId: ShardInfo['leaderWorkerId']): Promise<number> {
  const map = page.getByRole('table', { name: 'Shards by worker' })
  const heads = await map.getByRole('columnheader').allTextContents()
  return 1 + heads.indexOf(`worker ${workerId}`)
}

async function chooseAction(page: Page, worker: string, action: string): Promise<void> {
  await page.getByRole('button', { name: `Actions on ${worker}` }).click()
  await page.getByRole('menuitem', { name: action }).click()
}

/** Searches one after the other until told to stop. */
class Searching {
  readonly failures: string[] = []
  #answered = 0
  #isStopped = false
  readonly #running = this.#run()

  /** Settles when so many more were answered. */
  async untilMore(count: number): Promise<void> {
    const wanted = this.#answered + count
    while (this.#answered < wanted) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  stop(): Promise<void> {
    this.#isStopped = true
    return this.#running
  }

  async #run(): Promise<void> {
    const collection = vectron.collection('steady')
    while (!this.#isStopped) {
      try {
        const { results } = await collection.search({ vector: [1, 0, 0, 0], topK: 3, cache: false })
        if (results.length === 3) this.#answered += 1
        else this.failures.push(`${results.length} results`)
      } catch (error) {
        this.failures.push(String(error))
      }
    }
  }
}
