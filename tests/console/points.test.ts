/**
 * Proves the points page in a real browser: through all rows by keys, filtered by fields and values
 * that are there, a payload edited past somebody else's edit, similar points, deletions.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Vectron } from '@vectron/client'
import type { Page } from 'playwright-core'
import { type OpenedConsole, openConsole, settled } from './open-console.ts'

const POINTS = 12_000
const COLOURS = ['red', 'green', 'blue']

let opened: OpenedConsole
let vectron: Vectron

before(async () => {
  opened = await openConsole({ of: 'cluster' })
  vectron = new Vectron(opened.vectron)
  await vectron.createCollection({ name: 'beads', dimension: 4 })
  for await (const _ of vectron.collection('beads').upsertAll(beads(), { batchSize: 5000 })) {
    // Each batch is there when it is acknowledged.
  }
})

after(() => opened.close())

function* beads() {
  for (let index = 0; index < POINTS; index += 1) {
    yield {
      id: idOf(index),
      vector: [Math.sin(index), Math.cos(index), 1, index / POINTS],
      payload: {
        colour: COLOURS[index % 3],
        size: index % 10,
        ...(index % 5 === 0 ? { note: null } : {}),
      },
    }
  }
}

function idOf(index: number): string {
  return `bead-${String(index).padStart(6, '0')}`
}

async function openPoints(search = ''): Promise<Page> {
  const { page } = opened
  await page.goto(`${opened.vectron.url}/collections/beads/points${search}`)
  await settled(page)
  return page
}

/** The row that keys act on. */
async function currentRow(page: Page): Promise<string> {
  const grid = page.getByRole('grid', { name: 'Points' })
  const id = await grid.getAttribute('aria-activedescendant')
  const row = page.locator(`[id="${id}"]`)
  await row.getByRole('gridcell', { name: 'bead' }).first().waitFor()
  return (await row.getByRole('gridcell').first().textContent()) ?? ''
}

test('keys go through all rows: to the end, back, by pages; Enter opens, Escape returns', async () => {
  const page = await openPoints()
  await page.getByText('12,000 points', { exact: true }).waitFor()
  const grid = page.getByRole('grid', { name: 'Points' })
  assert.equal(await grid.getAttribute('aria-rowcount'), String(POINTS + 1))
  await grid.focus()
  await page.keyboard.press('End')
  assert.equal(await currentRow(page), idOf(POINTS - 1))
  assert.ok((await page.getByRole('row').count()) < 120)
  await page.keyboard.press('ArrowUp')
  assert.equal(await currentRow(page), idOf(POINTS - 2))
  await page.keyboard.press('Home')
  assert.equal(await currentRow(page), idOf(0))
  await page.keyboard.press('PageDown')
  const down = await currentRow(page)
  assert.ok(down > idOf(5) && down < idOf(100), down)
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: `Point ${down}` }).waitFor()
  assert.match(page.url(), new RegExp(`point=${down}`))
  await page.keyboard.press('Escape')
  assert.equal(await grid.evaluate((element) => element === document.activeElement), true)
  await page.waitForURL((url) => url.searchParams.get('row') === String(Number(down.slice(5))))
  await page.reload()
  assert.equal(await currentRow(page), down)
  opened.check()
})

test('a filter of offered fields and values counts, stands in the address, and reads as JSON', async () => {
  const page = await openPoints()
  await page.getByRole('button', { name: 'Filter', exact: true }).click()
  await page.getByRole('combobox', { name: 'Field' }).fill('col')
  await page.getByRole('option', { name: 'colour' }).click()
  await page.getByRole('combobox', { name: 'Value' }).click()
  await page.getByRole('option', { name: 'green' }).click()
  await page.getByRole('button', { name: 'Add condition' }).click()
  const second = page.getByRole('group', { name: 'Condition 2' })
  await second.getByRole('combobox', { name: 'Field' }).fill('size')
  await page.keyboard.press('Escape')
  await second.getByRole('combobox', { name: 'Test' }).click()
  await page.getByRole('option', { name: 'is in the range' }).click()
  await second.getByRole('textbox', { name: 'At least' }).fill('many')
  await page.getByRole('button', { name: 'Apply filter' }).click()
  await page.getByText('"many" is no whole number.').waitFor()
  await second.getByRole('textbox', { name: 'At least' }).fill('7')
  await page.getByRole('button', { name: 'Apply filter' }).click()
  const filter = {
    must: [
      { field: 'colour', match: 'green' },
      { field: 'size', range: { gte: 7 } },
    ],
  }
  const count = await vectron.collection('beads').count({ filter })
  await page.getByText(`${count.toLocaleString('en-US')} points of 12,000 points match`).waitFor()
  assert.deepEqual(JSON.parse(new URL(page.url()).searchParams.get('filter') ?? ''), filter)
  await atNarrowWidth(page, async () => {
    const remove = second.getByRole('button', { name: 'Remove condition 2' })
    const [first, last] = await Promise.all([
      second.getByRole('combobox', { name: 'Of which' }).boundingBox(),
      remove.boundingBox(),
    ])
    assert.ok(first && last)
    assert.ok(Math.abs(first.y - last.y) < first.height, 'the button left the first line')
    assert.ok(last.x + last.width <= 390)
  })
  await page.getByText('JSON', { exact: true }).click()
  await page.getByRole('textbox', { name: 'The filter as JSON' }).waitFor()
  await page.locator('.cm-content').getByText('"gte"').waitFor()
  await page.goBack()
  await page.getByText('12,000 points', { exact: true }).waitFor()
  opened.check()
})

async function atNarrowWidth(page: Page, look: () => Promise<void>): Promise<void> {
  const before = page.viewportSize()
  await page.setViewportSize({ width: 390, height: 844 })
  await look()
  if (before !== null) await page.setViewportSize(before)
}

test('an edit is saved; past an edit of somebody else nothing is lost, and the person decides', async () => {
  const id = idOf(3)
  const page = await openPoints(`?point=${id}`)
  const points = vectron.collection<Record<string, unknown>>('beads')
  await replaceText(page, '{"colour": "violet", "big": 9007199254740993}')
  await page.getByRole('button', { name: 'Save payload' }).click()
  await page.getByText('Saved.').waitFor()
  assert.equal((await points.get(id))?.payload?.['colour'], 'violet')
  const path = `/v1/collections/beads/points/${id}`
  const { url, apiKey } = opened.vectron
  const stored = await fetch(url + path, { headers: { authorization: `Bearer ${apiKey}` } })
  assert.match(await stored.text(), /9007199254740993/)

  await replaceText(page, '{"colour": "mine"}')
  await points.updatePayload({ ids: [id], set: { colour: 'theirs' } })
  await page.getByRole('button', { name: 'Save payload' }).click()
  await page.getByText('Somebody changed this point meanwhile').waitFor()
  assert.match((await page.locator('.cm-content').textContent()) ?? '', /mine/)
  await page.locator('pre', { hasText: 'theirs' }).waitFor()
  assert.equal((await points.get(id))?.payload?.['colour'], 'theirs')
  await page.getByRole('button', { name: 'Save mine over it' }).click()
  await page.getByText('Saved.').waitFor()
  assert.deepEqual((await points.get(id))?.payload, { colour: 'mine' })
  assert.throws(() => opened.check(), /409|412/)
})

async function replaceText(page: Page, text: string): Promise<void> {
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
}

test('what is similar to a point is found, and opened from there', async () => {
  const page = await openPoints(`?point=${idOf(44)}`)
  await page.getByRole('tab', { name: 'Vector' }).click()
  await page.getByText('Norm').waitFor()
  await page.getByRole('tab', { name: 'Similar' }).click()
  const { results } = await vectron.collection('beads').search({ id: idOf(44), topK: 1 })
  const nearest = results[0]?.id ?? ''
  await page.getByRole('tabpanel').getByRole('row', { name: nearest }).click()
  await page.getByRole('region', { name: `Point ${nearest}` }).waitFor()
  opened.check()
})

test('a point is deleted after a question, many after their number was typed', async () => {
  const filter = encodeURIComponent(JSON.stringify({ must: [{ field: 'size', match: 9 }] }))
  const page = await openPoints(`?filter=${filter}&point=${idOf(9)}`)
  await page.getByRole('button', { name: 'Delete this point' }).click()
  await page.getByRole('button', { name: 'Delete point' }).click()
  await page.getByText('1,199 points of').waitFor()
  await page.getByRole('button', { name: 'Delete matching' }).click()
  await page.getByRole('dialog').getByRole('textbox').fill('delete 1199')
  await page.getByRole('button', { name: 'Delete 1,199 points' }).click()
  await page.getByText('No point matches').waitFor()
  assert.equal(await vectron.collection('beads').count(), POINTS - POINTS / 10)
  opened.check()
})
