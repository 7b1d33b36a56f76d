/**
 * Proves in a real browser that the map holds as many points as it says: 100,000 of a collection
 * that has more, coloured, told under the pointer, zoomed, and selected.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Vectron } from '@vectron/client'
import { HEAPS, writeManyPoints } from './many-points.ts'
import { type OpenedConsole, openConsole, settled } from './open-console.ts'

const SHOWN = 100_000
const STORED = 101_000

let opened: OpenedConsole

before(async () => {
  opened = await openConsole({ of: 'cluster' })
  await writeManyPoints(new Vectron(opened.vectron), { name: 'very-many', count: STORED })
})

after(() => opened.close())

test('100,000 points are shown, and the page says that there are more', async () => {
  const { page } = opened
  await page.goto(`${opened.vectron.url}/map?collection=very-many&color=heap`)
  await page.locator('[data-plot=webgl]').waitFor({ timeout: 60_000 })
  await settled(page)
  await page.getByText('100,000 of 101,000 points, the first by their ids').waitFor()
  for (const heap of HEAPS) {
    await page.getByRole('button', { name: `${heap} 20K` }).waitFor()
  }
  opened.check()
})

test('what is under the pointer is told; zoomed in, fewer are in view than all', async () => {
  const { page } = opened
  const heading = page.getByRole('heading', { name: / selected$/ })
  const selectView = async () => {
    await page.getByRole('button', { name: 'Select what is in view' }).click()
    return Number((await heading.textContent())?.replace(/\D/g, ''))
  }
  assert.equal(await selectView(), SHOWN)
  await page.getByRole('button', { name: 'Clear' }).click()
  const plot = page.locator('[data-plot]')
  await plot.scrollIntoViewIfNeeded()
  const box = await plot.boundingBox()
  assert.ok(box !== null)
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  const card = page.locator('[data-hovered]')
  await card.getByText('number').waitFor()
  const id = await card.getAttribute('data-hovered')
  const point = await new Vectron(opened.vectron).collection('very-many').get(id ?? '')
  await card.getByText(String(point?.payload?.['number']), { exact: true }).waitFor()
  await page.mouse.wheel(0, -600)
  await card.waitFor({ state: 'hidden' })
  const inView = await selectView()
  assert.ok(inView > 100 && inView < SHOWN / 2, String(inView))
  opened.check()
})
