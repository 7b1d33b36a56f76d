/**
 * Proves the playground in a real browser: a body is written with what the document of the API
 * offers, sent, found again in the history; refusals are shown as they came; secrets stay nowhere.
 */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { writeExampleData } from './example-data.ts'
import { type OpenedConsole, openConsole, settled } from './open-console.ts'

const VECTOR = '1, 0, 0, 0, 0, 0, 0, 0'

let opened: OpenedConsole

before(async () => {
  opened = await openConsole({ of: 'cluster' })
  await writeExampleData(opened.vectron)
})

beforeEach(async () => {
  await opened.page.goto(`${opened.vectron.url}/playground?with={"collection":"dictionary"}`)
  await settled(opened.page)
})

after(() => opened.close())

test('a body is completed by the document of the API, and the answer is that of the call', async () => {
  const { page } = opened
  const body = page.getByRole('textbox', { name: 'Body' })
  await body.click()
  await page.keyboard.press('Control+a')
  await page.keyboard.press('Backspace')
  await page.keyboard.type('{"topK')
  await page.getByRole('option', { name: /^topK/ }).click()
  await page.keyboard.type('2, "vec')
  await page.getByRole('option', { name: 'vector', exact: true }).click()
  await page.keyboard.type(VECTOR)
  assert.equal((await body.textContent())?.trim(), `{"topK": 2, "vector": [${VECTOR}]}`)
  await page.keyboard.press('Control+Enter')
  await page.getByRole('status').getByText('200').waitFor()
  const answer = JSON.parse(
    (await page.locator('section[aria-label=Answer] pre').textContent()) ?? '',
  )
  assert.equal(answer.results.length, 2)
  opened.check()
})

test('lines that are selected are replaced by what is typed', async () => {
  const { page } = opened
  const body = page.getByRole('textbox', { name: 'Body' })
  await body.click()
  await page.keyboard.press('Control+a')
  await page.keyboard.type('x')
  assert.equal(await body.textContent(), 'x')
  await page.keyboard.press('Control+z')
  assert.match((await body.textContent()) ?? '', /"text": "a young dog"/)
  // Brackets enclose what is selected, as within one line.
  await page.keyboard.press('Control+a')
  await page.keyboard.type('[')
  assert.match((await body.textContent()) ?? '', /^\[\{.*\}\]$/)
  // The selection ends within the first and the last line now.
  await page.keyboard.type('v')
  assert.equal(await body.textContent(), '[v]')
  opened.check()
})

test('a refusal is shown as it came, and the history leads back to the call before', async () => {
  const { page } = opened
  const history = page.getByRole('region', { name: 'History' })
  await page.getByRole('combobox', { name: 'collection', exact: true }).fill('nowhere')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('status').getByText('404').waitFor()
  await page.getByText('"reason": "COLLECTION_NOT_FOUND"').first().waitFor()
  await history.getByRole('button', { name: /nowhere.*404/ }).waitFor()
  await history.getByRole('button', { name: /dictionary.*200/ }).click()
  await page.waitForURL(/dictionary/)
  assert.equal(
    await page.getByRole('combobox', { name: 'collection', exact: true }).inputValue(),
    'dictionary',
  )
  await page.reload()
  await settled(page)
  await page.getByText(VECTOR).first().waitFor()
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('status').getByText('200').waitFor()
  assert.equal(await history.getByRole('listitem').count(), 3)
  await history.getByRole('button', { name: 'Forget' }).click()
  await history.waitFor({ state: 'detached' })
  assert.throws(() => opened.check(), /404/)
})

test('a password is kept neither in the address nor in the history', async () => {
  const { page, vectron } = opened
  await page.goto(`${vectron.url}/playground?operation=logIn`)
  await settled(page)
  await page.getByRole('textbox', { name: 'Body' }).click()
  await page.keyboard.press('Control+a')
  await page.keyboard.press('Backspace')
  await page.keyboard.type('{"email": "a@example.org", "password": "hunter2hunter2"}')
  await page.keyboard.press('Control+Enter')
  await page.getByRole('status').getByText('401').waitFor()
  await page.getByRole('region', { name: 'History' }).getByText('logIn').waitFor()
  assert.doesNotMatch(decodeURIComponent(page.url()), /hunter2/)
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))
  assert.doesNotMatch(kept, /hunter2/)
  assert.throws(() => opened.check(), /401/)
})
