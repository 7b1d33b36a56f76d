/** Proves `npm run console:dev`: the console as its developers see it, on the API of a product. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { VectronProcess } from '@vectron/testkit'
import { launchChromium } from './chromium.ts'
import { settled } from './open-console.ts'

const REPOSITORY = path.resolve(import.meta.dirname, '../..')
const COMMAND = path.join(REPOSITORY, 'services/console/build/dev-console.ts')
const data = mkdtempSync(path.join(tmpdir(), 'vectron-console-dev-'))

let vectron: VectronProcess

before(async () => {
  vectron = await VectronProcess.start({ data })
})

after(async () => {
  await vectron.stop()
  rmSync(data, { recursive: true })
})

test('the server for developers signs in by the code of the link, reads and writes', async () => {
  const server = spawn(process.execPath, [COMMAND, vectron.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const browser = await launchChromium()
  try {
    const [line] = await once(createInterface(server.stdout), 'line')
    const address = String(line).match(/http:[^,]+\//)?.[0]
    assert.ok(address !== undefined, line)
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(address + new URL(vectron.console).search)
    await page.getByText('All is served.').waitFor({ timeout: 90_000 })
    await page.goto(`${address}collections/new`)
    await page.getByLabel('Name', { exact: false }).first().fill('books')
    await page.getByRole('button', { name: 'Create collection' }).click()
    await page.getByRole('heading', { level: 1, name: 'books' }).waitFor()
    assert.equal((await vectron.request('GET', '/v1/collections/books')).status, 200)
    for (const path of ['cluster', 'map']) {
      await page.goto(address + path)
      await settled(page)
    }
    assert.deepEqual(complaints, [])
  } finally {
    await browser.close()
    server.kill()
  }
})
