/** Proves that pages are about one project at a time: nothing of one is shown under another. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { writeExampleData } from './example-data.ts'
import { type OpenedConsole, openConsole, settled } from './open-console.ts'

let opened: OpenedConsole

before(async () => {
  opened = await openConsole({ of: 'cluster' })
  await writeExampleData(opened.vectron)
})

after(() => opened.close())

test('a second project is made, chosen, and has data of its own alone', async () => {
  const { page, vectron } = opened
  await page.goto(`${vectron.url}/account`)
  await page.getByRole('button', { name: 'New project' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Experiments')
  await page.getByRole('dialog').getByRole('button', { name: 'Make project' }).click()
  await page.getByRole('listitem').getByText('Experiments').waitFor()

  await choose(page, 'Experiments')
  await page.waitForURL(/project=/)
  await open(page, 'Collections')
  await page.getByRole('heading', { name: 'No collections yet' }).waitFor()
  await page.getByRole('link', { name: 'New collection' }).first().click()
  await page.getByLabel('Name', { exact: false }).first().fill('only-here')
  await page.getByLabel('Dimension').fill('4')
  await page.getByRole('button', { name: 'Create collection' }).click()
  await page.getByRole('heading', { level: 1, name: 'only-here' }).waitFor()
  // The key that was made at the start is of the first project.
  await open(page, 'Access')
  assert.equal(await page.getByText('made at start').count(), 0)
  opened.check()
})

test('back in the first project there is nothing of the second, whatever was loaded before', async () => {
  const { page, vectron } = opened
  await open(page, 'Collections')
  await page.getByRole('row', { name: /only-here/ }).waitFor()
  await choose(page, 'Default')
  await page.waitForURL((url) => !url.searchParams.has('project'))
  await open(page, 'Collections')
  await page.getByRole('row', { name: /dictionary/ }).waitFor()
  assert.equal(await page.getByRole('row', { name: /only-here/ }).count(), 0)
  opened.check()
  await page.goto(`${vectron.url}/collections/only-here`)
  await page.getByText('There is no such collection').waitFor()
  assert.throws(() => opened.check(), /404/)
})

test('the palette and the audit know the project of the page alone', async () => {
  const { page, vectron } = opened
  await page.goto(vectron.url)
  await settled(page)
  await choose(page, 'Experiments')
  await page.waitForURL(/project=/)
  await settled(page)
  await page.keyboard.press('Control+k')
  const find = page.getByRole('combobox', { name: 'Go to' })
  await find.fill('only')
  await page.getByRole('option', { name: /only-here/ }).waitFor()
  await find.fill('dict')
  await page.getByRole('option', { name: /only-here/ }).waitFor({ state: 'detached' })
  assert.equal(await page.getByRole('option', { name: /dictionary/ }).count(), 0)
  await page.keyboard.press('Escape')
  await open(page, 'Access')
  await page.getByRole('tab', { name: 'Audit' }).click()
  const entries = page.getByRole('region', { name: 'Audit entries' })
  await entries.getByRole('cell', { name: 'only-here' }).first().waitFor()
  assert.equal(await entries.getByRole('cell', { name: 'dictionary' }).count(), 0)
  opened.check()
})

async function choose(page: Page, project: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Project' }).click()
  await page.getByRole('option', { name: project }).click()
}

/** By the navigation, so that what was loaded stays loaded. */
async function open(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name, exact: true }).first().click()
  await page.getByRole('heading', { level: 1, name }).waitFor()
  await settled(page)
}
