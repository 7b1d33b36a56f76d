/**
 * Proves the way of an account in a real browser: made on the page, taught by the tutorial in its
 * own project, named, given another password, and deleted with all that was its own.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type OpenedConsole, openConsole, settled, type WatchedPage } from './open-console.ts'

const EMAIL = 'ann@example.org'
const PASSWORD = 'correct horse battery'
const NEXT_PASSWORD = 'staple and a half'
const STEPS = 9

let opened: OpenedConsole
let ann: WatchedPage

before(async () => {
  opened = await openConsole({ of: 'cluster' })
  ann = await opened.openStranger()
})

after(() => opened.close())

test('an account is made, and a short password is refused at its field', async () => {
  const { page } = ann
  await page.goto(`${opened.vectron.url}/register`)
  await page.getByLabel('Name').fill('Ann')
  await page.getByLabel('Email').fill(EMAIL)
  await page.getByLabel('Password *').fill('short')
  await page.getByRole('button', { name: 'Register' }).click()
  assert.ok(await page.getByLabel('Password *').evaluate((field) => field.matches(':invalid')))
  await page.getByLabel('Password *').fill(PASSWORD)
  await page.getByRole('button', { name: 'Register' }).click()
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
  assert.deepEqual(ann.takeComplaints(), [])
})

test('the tutorial runs from its first step to its last, and leaves nothing behind', async () => {
  const { page } = ann
  await page.getByRole('link', { name: 'Learn' }).click()
  for (let step = 1; step <= STEPS; step++) {
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('status').getByText('Done').waitFor()
    if (step === 3) await page.getByText(/"results": \[/).waitFor()
    if (step < STEPS) await page.getByRole('link', { name: /^Next: / }).click()
  }
  const steps = page.getByRole('list', { name: 'Steps' })
  assert.equal(await steps.getByLabel('done').count(), STEPS)
  await page.getByRole('link', { name: 'Collections' }).click()
  await page.getByText('No collections').waitFor()
  assert.deepEqual(ann.takeComplaints(), [])
})

test("the tutorial's key may do what the tutorial does, and nothing else", async () => {
  const { page } = ann
  await page.goto(`${opened.vectron.url}/learn`)
  await page.getByRole('button', { name: 'Make a key for it' }).click()
  const code = page.getByText(/^export VECTRON_API_KEY=vk_/)
  const key = ((await code.textContent()) ?? '').split('=')[1] ?? ''
  assert.equal(await create(key, 'learn-more'), 200)
  assert.equal(await create(key, 'other'), 403)
  assert.deepEqual(ann.takeComplaints(), [])
})

async function create(key: string, name: string): Promise<number> {
  const response = await fetch(`${opened.vectron.url}/v1/collections`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name, dimension: 2 }),
  })
  return response.status
}

test('a project gets another name, which the page and its switch show', async () => {
  const { page } = ann
  await page.goto(`${opened.vectron.url}/account`)
  await settled(page)
  await page.getByRole('button', { name: /^Rename / }).click()
  const dialog = page.getByRole('dialog', { name: 'Rename this project' })
  await dialog.getByLabel('Name').fill('Recipes')
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await page.getByRole('main').getByRole('link', { name: 'Recipes' }).waitFor()
  await page.getByRole('navigation').getByText('Recipes').first().waitFor()
  assert.deepEqual(ann.takeComplaints(), [])
})

test('a password is changed by who knows it; the account is deleted with its project', async () => {
  const { page } = ann
  await page.getByLabel('Current password').fill(PASSWORD)
  await page.getByLabel('New password').fill(NEXT_PASSWORD)
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Your password is set.').waitFor()
  await page.getByRole('button', { name: 'Delete account' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete your account?' })
  await dialog.getByLabel('Your password *').fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Delete account' }).click()
  await dialog.getByRole('alert').waitFor()
  assert.ok(ann.takeComplaints().every((complaint) => /401|403/.test(complaint)))
  await dialog.getByLabel('Your password *').fill(NEXT_PASSWORD)
  await dialog.getByRole('button', { name: 'Delete account' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.getByLabel('Email').fill(EMAIL)
  await page.getByLabel('Password *').fill(NEXT_PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').waitFor()
})
