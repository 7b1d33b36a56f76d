/**
 * Proves who gets in and who does not, in a real browser: a key from its making to its end, what a
 * reader is offered, the way without a mouse, and sessions that were ended elsewhere.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PAGES } from '@vectron/console-service/pages'
import type { Page } from 'playwright-core'
import { writeExampleData } from './example-data.ts'
import { type OpenedConsole, openConsole, settled, type WatchedPage } from './open-console.ts'

const PASSWORD = 'correct horse battery'

let opened: OpenedConsole

before(async () => {
  opened = await openConsole({ of: 'cluster' })
  await writeExampleData(opened.vectron)
})

after(() => opened.close())

test('a key is made, shown once, tested, used, revoked, and refused', async () => {
  const { page, vectron } = opened
  await page.goto(`${vectron.url}/access`)
  await page.getByRole('link', { name: 'New API key' }).click()
  await page.getByLabel('Name').fill('shop search')
  await page.getByRole('button', { name: 'Add a scope' }).click()
  await page.getByRole('combobox', { name: 'Collections of this scope' }).fill('dict*')
  await page.getByRole('button', { name: 'Make key' }).click()
  const key = (await page.getByLabel('The key', { exact: true }).textContent()) ?? ''
  assert.match(key, /^vk_live_/)
  assert.equal(await search(key), 200)

  await page.getByRole('link', { name: 'Test what it may do' }).click()
  await page.getByText('It would be let in: search on dictionary').waitFor()
  assert.ok(!(await page.content()).includes(key), 'the key is shown once')
  await page.goto(`${page.url().split('?')[0]}?operation=deleteCollection&collection=dictionary`)
  await page.getByText('Refused: deleteCollection on dictionary').waitFor()
  await page.getByText('The role writer may not admin the collection').waitFor()

  await page.getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('button', { name: 'Revoke key' }).click()
  await page.getByText('revoked', { exact: true }).waitFor()
  // Within a second; a test that waits longer fails by its own time.
  while ((await search(key)) !== 401) await new Promise((resolve) => setTimeout(resolve, 20))
  await page.getByText('Refused: deleteCollection on dictionary').waitFor()
  opened.check()
})

test('the audit tells who made and revoked the key, filtered by the address', async () => {
  const { page, vectron } = opened
  await page.goto(`${vectron.url}/access?tab=audit&action=key.`)
  const table = page.getByRole('region', { name: 'Audit entries' })
  await table.getByRole('cell', { name: 'key.revoke' }).waitFor()
  await table.getByRole('cell', { name: 'key.create' }).first().waitFor()
  assert.equal(await table.getByRole('cell', { name: /Collections\./ }).count(), 0)
  await page.getByLabel('Action').fill('deleteC')
  await page.waitForURL(/action=deleteC/)
  await page.getByText('Nothing of that kind').waitFor()
  opened.check()
})

async function search(key: string): Promise<number> {
  const response = await fetch(`${opened.vectron.url}/v1/collections/dictionary/points:search`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'word-1' }),
  })
  return response.status
}

/** What no reader may do is not there to be pressed. */
const FORBIDDEN = new RegExp(
  [
    '^(New (collection|API key)|Create collection|Make (a )?key|Revoke|Rotate|Delete [cp]',
    'Add a member|Remove|Insert|Import|Drain|Move replica)',
  ].join('|'),
)

test('a reader is added, and sees no forbidden action on any page', async () => {
  const { page, vectron } = opened
  await register('reader@example.org', 'Rita Reader')
  await page.goto(`${vectron.url}/access?tab=members`)
  await page.getByRole('cell', { name: 'owner (you)' }).waitFor()
  assert.equal(await page.getByRole('button', { name: 'Remove owner' }).count(), 0)
  await page.getByRole('button', { name: 'Add a member' }).click()
  await page.getByRole('dialog').getByLabel('Email').fill('reader@example.org')
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click()
  await page.getByRole('cell', { name: 'Rita Reader', exact: true }).waitFor()
  await page.getByRole('button', { name: 'Remove Rita Reader' }).waitFor()

  const reader = await opened.openStranger()
  await signIn(reader.page, 'reader@example.org')
  const refused: string[] = []
  reader.page.on('response', (answer) => {
    if (answer.status() === 403) refused.push(answer.url())
  })
  const ofOwner = await forbiddenActions(page)
  assert.ok(ofOwner.includes('/access: New API key'), 'the owner is offered what is looked for')
  assert.deepEqual(await forbiddenActions(reader.page), [])
  await reader.page.goto(`${vectron.url}/cluster?project=default`)
  await reader.page.getByText('This page is not for you').waitFor()
  assert.deepEqual(refused, [])
  assert.deepEqual(reader.takeComplaints(), [])
  await reader.page.context().close()
})

/** What FORBIDDEN names of the controls of each page of the project: the page, and the control. */
async function forbiddenActions(page: Page): Promise<string[]> {
  const found: string[] = []
  for (const route of PAGES) {
    const facts = route.options.staticData?.page
    if (facts === undefined || facts.needs === 'operator') continue
    const url = new URL(opened.vectron.url + facts.example)
    url.searchParams.set('project', 'default')
    await page.goto(url.href)
    await settled(page)
    const offered = await page
      .locator('main button:enabled, main a[href]')
      .evaluateAll((controls) =>
        controls.map((each) => each.getAttribute('aria-label') ?? each.textContent?.trim() ?? ''),
      )
    const forbidden = offered.filter((name) => FORBIDDEN.test(name))
    found.push(...forbidden.map((name) => `${url.pathname}: ${name}`))
  }
  return found
}

test('by keys alone: sign in, make a collection, search, log out', async () => {
  const { vectron } = opened
  await register('keys@example.org', 'Kim Keys')
  const { page, takeComplaints } = await opened.openStranger()
  await page.goto(`${vectron.url}/sign-in`)
  await tabTo(page, 'Email')
  await page.keyboard.type('keys@example.org')
  await tabTo(page, 'Password')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()

  await go(page, 'New collection')
  await tabTo(page, 'Name')
  await page.keyboard.type('by-keys')
  await tabTo(page, 'Dimension')
  await page.keyboard.type('4')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'by-keys' }).waitFor()

  await go(page, 'Playground')
  await tabTo(page, 'collection')
  await page.keyboard.type('by-keys')
  await tabTo(page, 'Body')
  await page.keyboard.press('Control+a')
  await page.keyboard.type('{"vector": [1, 0, 0, 0')
  await page.keyboard.press('Control+Enter')
  await page.getByRole('status').getByText('200').waitFor()
  assert.match((await page.getByLabel('Answer', { exact: true }).textContent()) ?? '', /"results"/)

  await page.keyboard.press('Escape')
  await tabTo(page, 'Theme and log out')
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Log out' }).waitFor()
  await keyTo(page, 'ArrowDown', 'Log out')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  assert.deepEqual(takeComplaints(), [])
  await page.context().close()
})

test('a session that was ended elsewhere ends here with the reason, and goes on after', async () => {
  const { vectron } = opened
  await register('twice@example.org', 'Tom Twice')
  const here = await opened.openStranger()
  await signIn(here.page, 'twice@example.org')
  const elsewhere = await ask('/v1/auth/login', { email: 'twice@example.org', password: PASSWORD })
  await ask('/v1/auth/logout', { everywhere: true }, elsewhere.accessToken)
  await here.page.getByRole('link', { name: 'Account' }).click()
  await here.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await here.page.getByText('Your session has ended').waitFor()
  await signInHere(here.page, 'twice@example.org')
  await here.page.getByRole('heading', { level: 1, name: 'Account' }).waitFor()
  assert.equal(new URL(here.page.url()).origin, vectron.url)
  await here.page.context().close()
})

test('a refresh token that is used again ends the session, here too', async () => {
  const { vectron } = opened
  await register('stolen@example.org', 'Stella Stolen')
  const here = await opened.openStranger()
  await signIn(here.page, 'stolen@example.org')
  const [cookie] = await here.page.context().cookies(`${vectron.url}/console/session/resume`)
  const refreshToken = cookie?.value ?? ''
  // Who took it uses it first, and again.
  await ask('/v1/auth/refresh', { refreshToken })
  const again = await post('/v1/auth/refresh', { refreshToken })
  assert.equal(again.status, 401)
  await here.page.getByRole('link', { name: 'Account' }).click()
  await here.page.getByText('Your session has ended').waitFor()
  assert.deepEqual(await here.page.context().cookies(`${vectron.url}/console/session/resume`), [])
  await here.page.context().close()
})

function post(path: string, body: object, token?: string): Promise<Response> {
  return fetch(opened.vectron.url + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
}

async function ask(path: string, body: object, token?: string) {
  const answer = await post(path, body, token)
  assert.equal(answer.status, 200, await answer.clone().text())
  return (await answer.json()) as { readonly accessToken: string }
}

async function register(email: string, name: string): Promise<void> {
  await ask('/v1/auth/register', { email, password: PASSWORD, name })
}

async function signIn(page: WatchedPage['page'], email: string): Promise<void> {
  await page.goto(`${opened.vectron.url}/sign-in`)
  await signInHere(page, email)
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
}

async function signInHere(page: Page, email: string): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.locator('input[type=password]').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** By the palette. */
async function go(page: Page, place: string): Promise<void> {
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Go to' }).waitFor()
  await page.keyboard.type(place)
  await page.getByRole('option', { name: place }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: place }).waitFor()
  await settled(page)
}

const TABS_MAX = 80

/** On by the tab key, until what has the focus is called so. */
function tabTo(page: Page, name: string): Promise<void> {
  return keyTo(page, 'Tab', name)
}

async function keyTo(page: Page, key: string, name: string): Promise<void> {
  for (let pressed = 0; pressed < TABS_MAX; pressed++) {
    await page.keyboard.press(key)
    const focused = await page.evaluate(() => {
      const at = document.activeElement
      const labels = (at as HTMLInputElement | null)?.labels ?? []
      return at?.getAttribute('aria-label') ?? labels[0]?.textContent ?? at?.textContent ?? ''
    })
    if (
      focused
        .trim()
        .replace(/\s*\*$/, '')
        .startsWith(name)
    ) {
      if (focused.length < name.length + 30) return
    }
  }
  assert.fail(`no key leads to "${name}"`)
}
