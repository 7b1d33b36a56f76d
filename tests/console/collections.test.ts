/**
 * Proves the collections pages in a real browser: a collection made by the wizard with all its
 * settings, its payload fields declared, its aliases switched, its settings changed, its statistics
 * as the API tells them, and its end after its name was typed.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Vectron, VectronApiError } from '@vectron/client'
import { formatBytes, formatCount } from '@vectron/console-service/format'
import type { Page } from 'playwright-core'
import { type OpenedConsole, openConsole, settled } from './open-console.ts'

const POINTS = 1200
const LONG_NAME = `a-${'very-'.repeat(20)}long-name`

let opened: OpenedConsole
let vectron: Vectron
let page: Page

before(async () => {
  opened = await openConsole({ of: 'cluster' })
  page = opened.page
  vectron = new Vectron(opened.vectron)
  await vectron.createCollection({
    name: 'shop',
    dimension: 4,
    shardCount: 1,
    payloadSchema: { sku: 'keyword' },
  })
  await vectron.createCollection({ name: 'shop-next', dimension: 4 })
  await vectron.collection('shop').upsert(
    Array.from({ length: POINTS }, (_, index) => ({
      id: `item-${index}`,
      vector: [Math.sin(index), Math.cos(index), 1, index / POINTS],
      payload: { sku: `s${index}`, price: index % 90, sold: index % 2 === 0 },
    })),
  )
})

after(() => opened.close())

async function open(path: string): Promise<void> {
  await page.goto(opened.vectron.url + path)
  await settled(page)
}

async function choose(label: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: label }).click()
  await page.getByRole('option', { name: option }).click()
}

test('the wizard makes a collection with all that was chosen', async () => {
  await open('/collections/new')
  await page.getByLabel('Name', { exact: false }).first().fill('books')
  await page.getByLabel('Description').fill('By their covers')
  await page.getByText('Euclidean', { exact: true }).click()
  await page.getByText('Near means: a short straight line').waitFor()
  await page.getByLabel('Dimension').fill('16')
  for (const index of [1, 2, 3]) {
    await page.getByRole('button', { name: 'Add field' }).click()
    await page.getByRole('textbox', { name: `Field ${index}`, exact: true }).fill(`field${index}`)
  }
  await choose('Type of field 1', 'datetime')
  await choose('Type of field 3', 'float')
  await page.getByRole('button', { name: 'Remove field 2' }).click()
  await page.getByLabel('Shards').fill('2')
  await page.getByLabel('Partition key').fill('tenant')
  await page.getByRole('button', { name: 'Create collection' }).click()
  await page.getByRole('heading', { level: 1, name: 'books' }).waitFor()
  const info = await vectron.collection('books').info()
  assert.equal(info.description, 'By their covers')
  assert.equal(info.metric, 'l2')
  assert.equal(info.dimension, 16)
  assert.equal(info.shardCount, 2)
  assert.equal(info.partitionKey, 'tenant')
  const schema = { tenant: 'keyword', field1: 'datetime', field3: 'float' }
  assert.deepEqual(info.payloadSchema, schema)
  for (const field of Object.keys(schema)) await fieldRow(field).waitFor()
  opened.check()
})

test('with an embedder there is no dimension to choose', async () => {
  await open('/collections/new')
  await page.getByLabel('Name', { exact: false }).first().fill('sayings')
  await page.getByText('Vectron embeds texts').click()
  assert.equal(await page.getByLabel('Dimension').count(), 0)
  await page.getByRole('button', { name: 'Create collection' }).click()
  await page.getByText('takes texts, too').waitFor()
  const { embedder, dimension } = await vectron.collection('sayings').info()
  assert.deepEqual({ embedder, dimension }, { embedder: 'glove-sif-100', dimension: 100 })
  opened.check()
})

test('what the API refuses is told in the wizard, and nothing typed is lost', async () => {
  await open('/collections/new')
  await page.getByLabel('Name', { exact: false }).first().fill('shop')
  await page.getByLabel('Description').fill('Another shop')
  await page.getByRole('button', { name: 'Create collection' }).click()
  await page.getByRole('link', { name: 'COLLECTION_EXISTS' }).waitFor()
  assert.equal(await page.getByLabel('Description').inputValue(), 'Another shop')
  await page.getByLabel('Name', { exact: false }).first().fill(LONG_NAME)
  await page.getByRole('button', { name: 'Create collection' }).click()
  await page.getByRole('heading', { level: 1, name: LONG_NAME }).waitFor()
  assert.throws(() => opened.check(), /409/)
})

test('the list finds by a part of the name, which stands in the address, and sorts', async () => {
  for (const name of ['alpha', 'beta']) await vectron.createCollection({ name, dimension: 2 })
  await open('/collections')
  await page.getByRole('row', { name: new RegExp(`^shop ${formatCount(POINTS)}`) }).waitFor()
  await page.getByRole('button', { name: 'Points' }).click()
  await page.getByRole('columnheader', { name: 'Points' }).getByRole('button').waitFor()
  assert.match((await page.locator('tbody tr').first().textContent()) ?? '', /^shop1,200/)
  await page.getByLabel('Find a collection').fill('SHOP')
  await page.waitForURL(/find=SHOP/)
  assert.deepEqual(await page.locator('tbody th, tbody td:first-child').allTextContents(), [
    'shop',
    'shop-next',
  ])
  await page.reload()
  assert.equal(await page.getByLabel('Find a collection').inputValue(), 'SHOP')
  await page.getByLabel('Find a collection').fill('nothing')
  await page.getByText('None is called that').waitFor()
  opened.check()
})

test('statistics are those of the API, and follow what others write', async () => {
  await open('/collections/shop')
  await page.getByText('Indexed', { exact: true }).first().waitFor()
  const stats = await vectron.collection('shop').stats()
  assert.ok(stats.bytes)
  const storage = page.getByRole('region', { name: 'Storage' }).getByRole('row')
  for (const [what, bytes] of [
    ['Vectors', stats.bytes.vectorsDisk],
    ['Points and payloads', stats.bytes.storeDisk],
    ['Payload indexes', stats.bytes.payloadIndexMemory],
  ] as const) {
    await storage.filter({ hasText: what }).getByText(formatBytes(bytes), { exact: true }).waitFor()
  }
  await storage.filter({ hasText: 'Graph and codes' }).waitFor()
  const shards = page.getByRole('region', { name: 'Shards' }).getByRole('row')
  await shards.filter({ hasText: 'ready' }).getByText(formatCount(POINTS)).first().waitFor()
  await vectron.collection('shop').upsert([{ id: 'late', vector: [1, 2, 3, 4], payload: {} }])
  await page
    .locator('dd')
    .filter({ hasText: formatCount(POINTS + 1) })
    .waitFor()
  await shards
    .getByText(formatCount(POINTS + 1))
    .first()
    .waitFor()
  opened.check()
})

test('payload fields are those of the points; a declared one is checked from then on', async () => {
  await open('/collections/shop')
  await fieldRow('sku').getByText('declared').waitFor()
  await fieldRow('sku').getByText('keyword').waitFor()
  await fieldRow('price').getByText('seen').waitFor()
  await fieldRow('price').getByText('90', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Declare a field' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Field').fill('pri')
  await page.getByRole('option', { name: 'price' }).click()
  assert.match(await dialog.getByLabel('Type').inputValue(), /^integer/)
  await dialog.getByRole('button', { name: 'Declare field' }).click()
  await fieldRow('price').getByText('declared').waitFor()
  const refused = vectron
    .collection<{ price: unknown }>('shop')
    .upsert([{ id: 'odd', vector: [1, 2, 3, 4], payload: { price: 'much' } }])
  await assert.rejects(refused, VectronApiError)
  opened.check()
})

function fieldRow(field: string) {
  return page
    .getByRole('region', { name: 'Payload fields' })
    .getByRole('row')
    .filter({ has: page.getByText(field, { exact: true }) })
}

test('an alias is made, switched to another collection, and deleted', async () => {
  await open('/collections/shop')
  await page.getByText('No aliases').waitFor()
  await page.getByRole('button', { name: 'New alias' }).click()
  await page.getByRole('textbox', { name: 'Alias' }).fill('live')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Switch' }).click()
  assert.deepEqual(await vectron.aliases.list(), [{ alias: 'live', collection: 'shop' }])
  await page.getByRole('combobox', { name: 'To the collection' }).fill('next')
  await page.getByRole('option', { name: 'shop-next' }).click()
  await page.getByRole('button', { name: 'Switch alias' }).click()
  await page.getByText('No aliases').waitFor()
  assert.equal(await vectron.collection('live').count(), 0)
  await open('/collections/shop-next')
  await page.getByText('live', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'New alias' }).click()
  await page.getByRole('textbox', { name: 'Alias' }).fill('live')
  await page.getByRole('button', { name: 'Create alias' }).click()
  await page.getByRole('link', { name: 'ALIAS_EXISTS' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  const row = page.locator('.panel').filter({ has: page.getByText('live', { exact: true }) })
  await row.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('button', { name: 'Delete alias' }).click()
  await page.getByText('No aliases').waitFor()
  assert.deepEqual(await vectron.aliases.list(), [])
  assert.throws(() => opened.check(), /409/)
})

test('settings are saved, and an edit that was begun outlives what others change', async () => {
  await open('/collections/shop')
  const description = page.getByLabel('Description')
  const save = page.getByRole('button', { name: 'Save settings' })
  assert.ok(await save.isDisabled())
  await description.fill('All that is for sale')
  await save.click()
  await page.getByText('Saved.').waitFor()
  assert.equal((await vectron.collection('shop').info()).description, 'All that is for sale')
  await description.fill('Mine')
  await vectron.updateCollection('shop', { payloadSchema: { brand: 'keyword' } })
  await fieldRow('brand').waitFor()
  assert.equal(await description.inputValue(), 'Mine')
  opened.check()
})

test('deleted only after its very name was typed, and never from under an alias', async () => {
  await vectron.aliases.update([{ create: { alias: 'live', collection: 'shop' } }])
  await open('/collections/shop')
  const deleteButton = page
    .getByRole('main')
    .getByRole('button', { name: 'Delete', exact: true })
    .first()
  await deleteButton.click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/Its 1,201 points will be gone/).waitFor()
  const remove = page.getByRole('button', { name: 'Delete collection' })
  await dialog.getByRole('textbox').fill('Shop')
  assert.ok(await remove.isDisabled())
  await dialog.getByRole('textbox').fill('shop')
  await page.keyboard.press('Enter')
  await dialog.getByRole('link', { name: 'COLLECTION_HAS_ALIAS' }).waitFor()
  assert.throws(() => opened.check(), /409/)
  await vectron.aliases.update([{ delete: { alias: 'live' } }])
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await deleteButton.click()
  assert.equal(await dialog.getByRole('textbox').inputValue(), '')
  await dialog.getByRole('textbox').fill('shop')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Collections' }).waitFor()
  await page.getByRole('row', { name: /^shop-next/ }).waitFor()
  assert.equal(await page.getByRole('row', { name: /^shop \d/ }).count(), 0)
  await assert.rejects(vectron.collection('shop').info(), VectronApiError)
  opened.check()
})
