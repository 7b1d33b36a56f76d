/**
 * Proves what people are shown of the audit of a cluster: what gateway and authenticator did
 * in one list, and while the authenticator is down the rest, with a word of what is missing.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { Vectron } from '@vectron/client'
import { startConsoleCluster } from './console-cluster.ts'
import { openBrowser } from './open-console.ts'

test('the audit is of gateway and authenticator, and says when one is missing', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vectron-console-'))
  const running = await startConsoleCluster(folder)
  t.after(async () => {
    await running.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const { cluster, url } = running
  const client = new Vectron(running)
  const browser = await openBrowser(running)
  t.after(() => browser.close())
  await client.createCollection({ name: 'audited', dimension: 2 })
  await client.projects.createKey('default', { name: 'audited' })

  const { page } = browser
  await page.goto(`${url}/access?tab=audit&action=create`)
  const table = page.getByRole('region', { name: 'Audit entries' })
  const ofGateway = table.getByRole('cell', { name: 'Collections.createCollection' })
  const ofAuthenticator = table.getByRole('cell', { name: 'key.create' })
  const missing = page.getByText('Not among these are the entries of the authenticator at')
  await ofGateway.waitFor()
  await ofAuthenticator.waitFor()
  assert.equal(await missing.count(), 0)
  browser.check()

  await cluster.kill('auth-1')
  await page.getByLabel('Action').fill('creat')
  await missing.waitFor()
  await ofGateway.waitFor()
  assert.equal(await ofAuthenticator.count(), 0)

  await cluster.startNode('auth-1')
  while ((await client.access.audit()).missing.length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await page.getByLabel('Action').fill('crea')
  await ofAuthenticator.waitFor()
  assert.equal(await missing.count(), 0)
})
