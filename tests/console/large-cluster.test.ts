/**
 * Proves the cluster page at clusters that a test cannot start: twenty workers with a thousand
 * shards, none at all, names that are too long, a worker that died, a stream that broke.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { MadeCluster, madeView, withDeadWorker } from './made-cluster.ts'
import { type OpenedConsole, openConsole, settled } from './open-console.ts'

const LARGE = madeView({ workers: 20, shards: 1000 })
/** Rows of the map that are in the document, at most: those in sight and some around them. */
const ROWS_MAX = 60

let opened: OpenedConsole
let made: MadeCluster
let page: Page

before(async () => {
  opened = await openConsole()
  made = await MadeCluster.before(opened.vectron.url)
  page = await opened.page.context().newPage()
})

after(async () => {
  await made.close()
  await opened.close()
})

test('of a thousand shards, those in sight are in the document, and keys reach the last', async () => {
  await openCluster(LARGE)
  await page.getByText('1,000 shards, all sound.').waitFor()
  assert.equal(await page.locator('[data-tile]').count(), 1000)
  assert.equal(await page.getByRole('table', { name: 'Shards by worker' }).count(), 1)
  const rows = page.locator('tr[data-index]')
  assert.ok((await rows.count()) <= ROWS_MAX)
  await rows.first().focus()
  await page.keyboard.press('End')
  const last = page.locator('tr[data-index="999"]')
  await last.waitFor()
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-index') === '999')
  assert.ok((await rows.count()) <= ROWS_MAX)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: /^Shard \d+ of collection-25$/ }).waitFor()
  await page.keyboard.press('Escape')
})

test('a shard is found by its number, and the map says how many are not sound', async () => {
  const view = withDeadWorker(LARGE, 7)
  const orphans = view.shards.filter(({ leaderWorkerId }) => leaderWorkerId === 0).length
  assert.ok(orphans > 0)
  await openCluster(view)
  await page.getByText('Some shards are not served.').waitFor()
  await page.getByRole('textbox', { name: 'Find shards' }).fill('777')
  await page.locator('tr[data-index="0"]').getByText('777', { exact: true }).waitFor()
  assert.equal(await page.locator('tr[data-index]').count(), 1)
  await page.getByRole('textbox', { name: 'Find shards' }).fill('')
  await page.getByText('Not sound (150)').click()
  await page.waitForURL(/only=troubled/)
  assert.equal(await page.locator('[data-tile]').count(), 150)
  assert.equal(await page.locator('[data-tile][data-tone=bad]').count(), orphans)
})

test('a view in which one shard changed touches that shard, not a thousand', async () => {
  await openCluster(LARGE)
  await page.getByText('1,000 shards, all sound.').waitFor()
  await page.evaluate(countMutations)
  const [first, ...others] = LARGE.shards
  assert.ok(first)
  made.show({ ...LARGE, shards: [{ ...first, leaderWorkerId: 0 }, ...others] })
  await page.locator('[data-tile="0"][data-tone=bad]').waitFor()
  const touched = await page.evaluate(() => Reflect.get(globalThis, 'touched') as number)
  assert.ok(touched > 0 && touched < 50, `${touched} mutations`)
})

test('when the stream breaks the page says so and keeps what it knew; then it goes on', async () => {
  await openCluster(LARGE)
  await page.getByText('All is served.').waitFor()
  made.cut()
  await page.getByText('The gateway does not answer; trying again.').waitFor()
  await page.getByRole('alert').waitFor()
  assert.equal(await page.locator('[data-tile]').count(), 1000)
  made.mend()
  await page.getByText('All is served.').waitFor()
  assert.equal(await page.getByRole('alert').count(), 0)
})

test('when the stream says nothing more the page says that it is old, until there is news', async () => {
  await openCluster(LARGE)
  await page.getByText('All is served.').waitFor()
  made.silence()
  await page.getByText('No news for some seconds: what is shown is old.').waitFor()
  made.mend()
  await page.getByText('All is served.').waitFor()
})

test('a cluster without workers and shards says what to do', async () => {
  await openCluster(madeView({ workers: 0, shards: 0 }))
  await page.getByText('No workers yet').waitFor()
  await page.getByText('No shards yet').waitFor()
})

test('while placement does not answer, nothing is called empty', async () => {
  const view = madeView({ workers: 0, shards: 0 })
  const problems = ['placement does not answer']
  const health = { ...view.health, status: 'unavailable' as const, problems }
  await openCluster({ ...view, members: [], health })
  await page.getByText('placement does not answer').waitFor()
  assert.equal(await page.getByText('No workers yet').count(), 0)
})

for (const width of [390, 1280]) {
  test(`long names and many workers make the page no wider than ${width} px`, async () => {
    await page.setViewportSize({ width, height: 844 })
    const { shards, workers, ...rest } = withDeadWorker(LARGE, 7)
    await openCluster({
      ...rest,
      workers: workers.map((worker) => ({
        ...worker,
        address: `worker-${worker.workerId}.${'long-name-of-a-zone.'.repeat(6)}example.com:7100`,
        zone: 'zone-with-a-name-that-somebody-generated-0123456789abcdef',
      })),
      shards: shards.map((shard) => ({ ...shard, collection: 'n'.repeat(128) })),
    })
    await page.getByText('Some shards are not served.').waitFor()
    const wide = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(wide <= width, `${wide} px`)
  })
}

async function openCluster(view: Parameters<MadeCluster['show']>[0]): Promise<void> {
  made.show(view)
  await page.goto(`${made.url}/cluster`)
  await settled(page)
}

/** In the page: counts what changes in the document from now on, into `touched`. */
function countMutations(): void {
  Object.assign(globalThis, { touched: 0 })
  new MutationObserver((changes) => {
    Object.assign(globalThis, { touched: Reflect.get(globalThis, 'touched') + changes.length })
  }).observe(document.body, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  })
}
