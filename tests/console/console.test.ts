/**
 * Proves the console in a real browser: in by the link, a collection made and deleted, out again;
 * and that every page of the list is accessible in both themes.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { OUTER_PAGES, PAGES } from '@vectron/console-service/pages'
import type { Page } from 'playwright-core'
import { writeExampleData } from './example-data.ts'
import { type OpenedConsole, openConsole, settled } from './open-console.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let opened: OpenedConsole

before(async () => {
  opened = await openConsole({ of: 'cluster' })
  await writeExampleData(opened.vectron)
})

after(() => opened.close())

test('the link signs in once, leaves the address, and a reload stays signed in', async () => {
  const { page, vectron } = opened
  assert.equal(page.url(), `${vectron.url}/`)
  await page.reload()
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
  await page.getByText('All is served.').waitFor()
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))
  assert.doesNotMatch(kept, /eyJ|vr_|vl_/)
  const cookies = await page.context().cookies(`${vectron.url}/console/session/resume`)
  assert.equal(await page.evaluate(() => document.cookie), '')
  assert.deepEqual(
    cookies.map(({ httpOnly, sameSite, path }) => ({ httpOnly, sameSite, path })),
    [{ httpOnly: true, sameSite: 'Strict', path: '/console/session' }],
  )
  opened.check()
})

test('a link that was used leads to the sign-in page with the reason', async () => {
  const { page, takeComplaints } = await opened.openStranger()
  await page.goto(opened.vectron.console)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.getByText('The sign-in link is wrong, was used, or is too old.').waitFor()
  assert.ok(takeComplaints().every((text) => text.includes('401')))
  await page.context().close()
})

test('a collection is made in the wizard, found in the list, and deleted by its name', async () => {
  const { page } = opened
  await page.goto(`${opened.vectron.url}/collections`)
  await page.getByRole('link', { name: 'New collection' }).click()
  await page.getByLabel('Name', { exact: false }).first().fill('books')
  await page.getByLabel('Dimension').fill('16')
  await page.getByRole('button', { name: 'Create collection' }).click()
  await page.getByRole('heading', { level: 1, name: 'books' }).waitFor()
  assert.equal((await opened.vectron.request('GET', '/v1/collections/books')).body.dimension, 16)
  await page.getByRole('link', { name: 'Collections' }).first().click()
  await page.getByRole('row', { name: /books/ }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'books' }).waitFor()
  await page.getByRole('button', { name: 'Delete' }).click()
  const remove = page.getByRole('button', { name: 'Delete collection' })
  assert.ok(await remove.isDisabled())
  await page.getByRole('dialog').getByRole('textbox').fill('books')
  await remove.click()
  await page.getByRole('heading', { level: 1, name: 'Collections' }).waitFor()
  assert.equal(await page.getByRole('row', { name: /books/ }).count(), 0)
  assert.equal((await opened.vectron.request('GET', '/v1/collections/books')).status, 404)
  opened.check()
})

test('the palette opens a collection by keys alone', async () => {
  const { page } = opened
  await page.goto(opened.vectron.url)
  await settled(page)
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Go to' }).fill('dict')
  await page.getByRole('option', { name: /dictionary/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'dictionary' }).waitFor()
  opened.check()
})

test('an error of the API is shown with its reason, what to do, and a way to try again', async () => {
  const { page } = opened
  await page.goto(`${opened.vectron.url}/collections/nowhere`)
  await page.getByText('There is no such collection').waitFor()
  await page.getByRole('link', { name: 'COLLECTION_NOT_FOUND' }).waitFor()
  await page.getByRole('button', { name: 'Try again' }).waitFor()
  assert.throws(() => opened.check(), /404/)
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every page is accessible in ${colorScheme}`, async () => {
    const { page } = opened
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const route of PAGES) await checkPage(page, route.options.staticData?.page?.example ?? '')
    const stranger = await opened.openStranger()
    await stranger.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const route of OUTER_PAGES) {
      await checkPage(stranger.page, route.options.staticData?.page?.example ?? '')
    }
    assert.deepEqual(stranger.takeComplaints(), [])
    await stranger.page.context().close()
    opened.check()
  })
}

async function checkPage(page: Page, path: string): Promise<void> {
  await page.goto(opened.vectron.url + path)
  await settled(page)
  await page.evaluate(AXE)
  const found = await page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: typeof import('axe-core') }).axe
    const { violations } = await axe.run()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
  })
  assert.deepEqual(found, [], path)
}

test('at 390 px the navigation is behind a button, and nothing is wider than the window', async () => {
  const { page } = opened
  await page.setViewportSize({ width: 390, height: 844 })
  for (const route of PAGES) {
    const path = route.options.staticData?.page?.example ?? ''
    await page.goto(opened.vectron.url + path)
    await settled(page)
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(width <= 390, `${path} is ${width} px wide`)
  }
  await page.getByRole('button', { name: 'Open the navigation' }).click()
  await page.getByRole('link', { name: 'Collections', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Collections' }).waitFor()
  await page.setViewportSize({ width: 1280, height: 800 })
  opened.check()
})

test('who logs out is out, also after a reload', async () => {
  const { page } = opened
  await page.goto(opened.vectron.url)
  await page.getByRole('button', { name: 'Theme and log out' }).click()
  await page.getByRole('menuitem', { name: 'Log out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.goto(`${opened.vectron.url}/collections`)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  assert.match(page.url(), /next=/)
  const cookies = await page.context().cookies(`${opened.vectron.url}/console/session/resume`)
  assert.deepEqual(cookies, [])
  opened.check()
})
