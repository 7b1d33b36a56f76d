/**
 * Proves the map in a real browser: drawn by WebGL and without it, selected by hand and by keys,
 * UMAP with progress and an end, queries as pins; all under the policy of the gateway.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Vectron } from '@vectron/client'
import type { Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { type OpenedConsole, openConsole, settled } from './open-console.ts'

const GROUPS = ['red', 'green', 'blue', 'gold']
const POINTS = 2400
const DIMENSION = 16

let opened: OpenedConsole
let page: Page

before(async () => {
  opened = await openConsole({ of: 'cluster' })
  page = opened.page
  const vectron = new Vectron(opened.vectron)
  await vectron.createCollection({ name: 'clouds', dimension: DIMENSION, metric: 'l2' })
  let state = 1
  const random = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647 - 0.5
  }
  const points = Array.from({ length: POINTS }, (_, index) => {
    const group = index % GROUPS.length
    const vector = Array.from(
      { length: DIMENSION },
      (__, axis) => (axis % GROUPS.length === group ? 4 : 0) + random(),
    )
    return { id: `p${index}`, vector, payload: { group: GROUPS[group], number: index } }
  })
  for await (const _ of vectron.collection('clouds').upsertAll(points));
})

after(() => opened.close())

for (const draw of ['webgl', 'canvas'] as const) {
  test(`groups are drawn in their colours by ${draw}`, async () => {
    await openMap(draw === 'canvas' ? { color: 'group', draw } : { color: 'group' })
    assert.equal(await page.locator('[data-plot]').getAttribute('data-plot'), draw)
    const seen = await coloredPixels(page)
    // Four colours of the palette, each with hundreds of pixels, and mostly ground.
    assert.equal(seen.filter((count) => count > 300).length, 4, String(seen))
    opened.check()
  })
}

test('a browser without WebGL gets the same map', async () => {
  const browser = await launchChromium(['--disable-3d-apis'])
  try {
    const state = await page.context().storageState()
    const context = await browser.newContext({ storageState: state })
    const bare = await context.newPage()
    await bare.goto(`${opened.vectron.url}/map?collection=clouds&color=group`)
    await bare.locator('[data-plot=canvas]').waitFor({ timeout: 60_000 })
    await settled(bare)
    assert.equal((await coloredPixels(bare)).filter((count) => count > 300).length, 4)
    // The session went on over there: its newest cookie is the one that counts.
    await page.context().addCookies((await context.storageState()).cookies)
  } finally {
    await browser.close()
  }
})

test('a lasso selects points, which are a table, a filter, and a search', async () => {
  await openMap({ color: 'group' })
  await page.getByRole('button', { name: 'Select with a lasso' }).click()
  const box = await page.locator('[data-plot]').boundingBox()
  assert.ok(box !== null)
  const [x, y] = [box.x + box.width / 2, box.y + 2]
  // Around the whole right half.
  await page.mouse.move(x, y)
  await page.mouse.down()
  for (const [dx, dy] of [
    [box.width / 2 - 60, 0],
    [box.width / 2 - 60, box.height - 6],
    [0, box.height - 6],
  ]) {
    await page.mouse.move(x + (dx ?? 0), y + (dy ?? 0), { steps: 4 })
  }
  await page.mouse.up()
  const heading = page.getByRole('heading', { name: /points selected/ })
  const count = Number((await heading.textContent())?.replace(/\D/g, ''))
  assert.ok(count > 200 && count < POINTS - 200, String(count))
  const table = page.getByRole('region', { name: 'Selected points' })
  await table.locator('tbody tr').nth(199).waitFor()
  assert.equal(await table.locator('tbody tr').count(), 200)
  const filter = JSON.parse((await page.locator('pre').textContent()) ?? '')
  assert.equal(filter.must[0].hasId.length, count)
  await table.getByRole('link').first().click()
  await page.getByRole('heading', { name: 'Search lab' }).waitFor()
  assert.match(page.url(), /by=id&q=p\d+|q=p\d+&by=id/)
  await settled(page)
  opened.check()
})

test('where colours cannot be made, the map is plain and says why', async () => {
  const failing = await page.context().newPage()
  await failing.route(/map-worker/, async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, body: REFUSE_COLORS + (await response.text()) })
  })
  await failing.goto(`${opened.vectron.url}/map?collection=clouds&color=group`)
  await failing.getByText('The points cannot be coloured by "group": out of memory').waitFor()
  await failing.locator('[data-plot]').waitFor()
  await settled(failing)
  await failing.close()
})

/** Put before the worker's own script: it hears of each call first. */
const REFUSE_COLORS = `
addEventListener('message', (event) => {
  if (event.data.call?.kind !== 'color') return
  event.stopImmediatePropagation()
  postMessage({ number: event.data.number, error: 'out of memory' })
});
`

test('hovering tells what a point is', async () => {
  await openMap({ pin: 'p5' })
  const [hit] = await page.locator('[data-pin]').all()
  assert.ok(hit)
  const box = await page.locator('[data-plot]').boundingBox()
  const spot = await hit.evaluate((pin) => (pin as HTMLElement).style.transform)
  const [x = 0, y = 0] = [...spot.matchAll(/-?[\d.]+/g)].map(Number)
  await page.mouse.move((box?.x ?? 0) + x, (box?.y ?? 0) + y)
  const card = page.locator('[data-hovered]')
  await card.waitFor()
  await card.getByText(GROUPS[1] ?? '').waitFor()
  await page.getByText(/The point lies here; the \d+ nearest/).waitFor()
  opened.check()
})

test('by keys alone: zoomed, moved, what is in view selected, a colour selected', async () => {
  await openMap({ color: 'group' })
  await page.getByRole('application').focus()
  for (const key of ['+', '+', '+', 'ArrowRight', 'ArrowDown']) await page.keyboard.press(key)
  await page.getByRole('button', { name: 'Select what is in view' }).focus()
  await page.keyboard.press('Enter')
  const heading = page.getByRole('heading', { name: /points? selected/ })
  const inView = Number((await heading.textContent())?.replace(/\D/g, ''))
  assert.ok(inView < POINTS)
  await page.getByRole('button', { name: `blue ${POINTS / 4}` }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: `${POINTS / 4} points selected` }).waitFor()
  opened.check()
})

test('UMAP tells its progress, ends when told, and says what it did', async () => {
  await openMap({ color: 'group' })
  await page.getByText('UMAP', { exact: true }).click()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByText('UMAP was stopped.').waitFor()
  await page.getByRole('button', { name: 'Show PCA' }).click()
  await page.getByText(/two principal components, which hold \d+ % of the variance/).waitFor()
  await page.getByText('UMAP', { exact: true }).click()
  await page.getByText(/Computing UMAP: \d+/).waitFor()
  await page.getByText(/UMAP of all points/).waitFor({ timeout: 90_000 })
  assert.match(page.url(), /by=umap/)
  opened.check()
})

async function openMap(search: Readonly<Record<string, string>>): Promise<void> {
  const all = new URLSearchParams({ collection: 'clouds', ...search })
  await page.goto(`${opened.vectron.url}/map?${all}`)
  await page.locator('[data-plot]').waitFor({ timeout: 60_000 })
  await settled(page)
}

/** How many pixels of the map have each of the palette's first colours, or nearly. */
async function coloredPixels(of: Page): Promise<number[]> {
  // The frame after the last change.
  await of.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 100))),
  )
  const picture = (await of.locator('[data-plot]').screenshot()).toString('base64')
  return of.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const canvas = new OffscreenCanvas(image.width, image.height)
    const context = canvas.getContext('2d')
    context?.drawImage(image, 0, 0)
    const { data } = context?.getImageData(0, 0, image.width, image.height) ?? { data: [] }
    const palette = [
      [0, 114, 178],
      [230, 159, 0],
      [0, 158, 115],
      [204, 121, 167],
      [86, 180, 233],
      [213, 94, 0],
    ]
    const counts = palette.map(() => 0)
    for (let at = 0; at < data.length; at += 4) {
      const near = palette.findIndex((color) =>
        color.every((channel, of) => Math.abs((data[at + of] ?? 0) - channel) < 28),
      )
      if (near >= 0) counts[near] = (counts[near] ?? 0) + 1
    }
    return counts
  }, picture)
}
