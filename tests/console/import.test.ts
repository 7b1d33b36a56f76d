/**
 * Proves the import in a real browser: files of each kind become points, what is broken is told by
 * its row, and after a reload the rest of a file comes in without doing harm to what is there.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { Vectron } from '@vectron/client'
import type { Page } from 'playwright-core'
import { type OpenedConsole, openConsole, settled } from './open-console.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'vectron-import-'))
let opened: OpenedConsole
let vectron: Vectron

before(async () => {
  opened = await openConsole({ of: 'cluster' })
  vectron = new Vectron(opened.vectron)
})

after(async () => {
  await opened.close()
  rmSync(folder, { recursive: true })
})

function write(name: string, data: string | Uint8Array): string {
  const file = path.join(folder, name)
  writeFileSync(file, data)
  return file
}

async function choose(file: string, search = ''): Promise<Page> {
  const { page } = opened
  await page.goto(`${opened.vectron.url}/import${search}`)
  await settled(page)
  await page.getByLabel('File').setInputFiles(file)
  return page
}

test('CSV: types and dimension are inferred, broken rows are told and downloaded', async () => {
  const rows = Array.from(
    { length: 300 },
    (_, n) => `w${n},"[${n}, 1, 2.5]","a, ""b""\nc",${n},true`,
  )
  rows[10] = 'w10,"[1, 2]",too short a vector,10,true'
  rows[20] = 'w20,too few fields'
  rows[260] = 'w260,"[1, 2, 3]",no number,many,true'
  const page = await choose(
    write('My Words.csv', `\ufeffid,emb,text,year,sold\n${rows.join('\n')}\n`),
  )
  await page.getByText('3 dimensions').waitFor()
  assert.equal(await page.getByLabel('Name').inputValue(), 'my-words')
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await page.getByRole('heading', { name: 'Imported: My Words.csv into my-words' }).waitFor()
  await page.getByText('too few fields').waitFor()
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ])
  const errors = readFileSync(await saved.path(), 'utf8')
    .trim()
    .split('\r\n')
  assert.deepEqual(
    errors.map((line) => line.split(',')[0]),
    ['row', '11', '21', '261'],
  )
  const words = vectron.collection<Record<string, unknown>>('my-words')
  assert.equal(await words.count(), 297)
  const point = await words.get('w7', { withVector: true })
  assert.deepEqual(point?.payload, { text: 'a, "b"\nc', year: 7, sold: true })
  const schema = { text: 'keyword', year: 'integer', sold: 'bool' }
  assert.deepEqual((await words.info()).payloadSchema, schema)
  opened.check()
})

test('JSONL into a collection that is there, which refuses what its schema forbids', async () => {
  await vectron.createCollection({
    name: 'parts',
    dimension: 2,
    payloadSchema: { size: 'integer' },
  })
  const lines = Array.from({ length: 50 }, (_, n) =>
    JSON.stringify({ id: `p${n}`, vector: [n, 1], payload: { size: n === 30 ? 'big' : n } }),
  )
  lines[5] = '{"id": "p5", "vector": [1'
  const page = await choose(write('parts.jsonl', lines.join('\n')), '?collection=parts')
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await page.getByRole('heading', { name: /^Imported/ }).waitFor()
  const failed = page.getByRole('region', { name: 'Rows that failed' })
  await failed.getByRole('row', { name: /^31 / }).waitFor()
  await failed.getByRole('row', { name: /^6 / }).waitFor()
  assert.equal(await vectron.collection('parts').count(), 48)
  assert.throws(() => opened.check(), /400/)
})

function npy(rows: number, dimension: number): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dimension}), }`
  const header = `${text.padEnd(117)}\n`
  const head = Buffer.concat([
    Buffer.from([0x93]),
    Buffer.from('NUMPY'),
    Buffer.from([1, 0, 118, 0]),
  ])
  const data = Float32Array.from({ length: rows * dimension }, (_, n) => Math.sin(n))
  return Buffer.concat([head, Buffer.from(header), Buffer.from(data.buffer)])
}

test('npy and fvecs: ids by rows; a torn header and a wrong dimension are told at once', async () => {
  const page = await choose(write('vectors.npy', npy(40, 8)))
  await page.getByLabel('Ids begin with').fill('v-')
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await page.getByRole('heading', { name: 'Imported: vectors.npy into vectors' }).waitFor()
  const stored = await vectron.collection('vectors').get('v-000000003', { withVector: true })
  assert.ok(Math.abs((stored?.vector?.[0] ?? 0) - Math.sin(16)) < 1)

  const torn = write('torn.npy', npy(40, 8))
  truncateSync(torn, 60)
  await choose(torn)
  await page.getByText('The header of the npy file is torn').waitFor()

  const vector = (values: number[]) => {
    const head = Buffer.alloc(4)
    head.writeInt32LE(values.length)
    return Buffer.concat([head, Buffer.from(Float32Array.from(values).buffer)])
  }
  const file = write('more.fvecs', Buffer.concat([vector([1, 2, 3]), vector([4, 5, 6])]))
  await choose(file, '?collection=vectors')
  await page.getByText('vectors has 8 dimensions, the file 3.').waitFor()
  assert.ok(await page.getByRole('button', { name: 'Import', exact: true }).isDisabled())
  opened.check()
})

test('paused, reloaded, taken up: every row is there once', async () => {
  const count = 20_000
  const lines = Array.from({ length: count }, (_, n) => `${n},${n % 7} ${n % 11} 1 2`)
  const file = write('long.csv', `key,vector\n${lines.join('\n')}\n`)
  const page = await choose(file)
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await page.waitForFunction(() =>
    Object.keys(localStorage).some((key) => key.startsWith('vectron-import')),
  )
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('heading', { name: /^Paused/ }).waitFor()
  await page.reload()
  await page.getByText('Not finished').waitFor()
  await page.getByLabel('File').setInputFiles(file)
  await page.getByRole('button', { name: /^Go on from row/ }).click()
  await page.getByRole('heading', { name: /^Imported/ }).waitFor()
  assert.equal(await vectron.collection('long').count(), count)
  await page.goto(`${opened.vectron.url}/import`)
  await settled(page)
  assert.equal(await page.getByText('Not finished').count(), 0)
  opened.check()
})
