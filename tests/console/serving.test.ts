/** Proves what browsers get of the console and its sessions: headers, files, cookies, refusals. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { startTestVectron, type TestVectron } from '../conformance/running-vectron.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'vectron-console-'))
/** Looks like a built console. */
const dist = path.join(folder, 'dist')
let running: TestVectron
let url: string

before(async () => {
  mkdirSync(path.join(dist, 'assets'), { recursive: true })
  writeFileSync(path.join(folder, 'secret.txt'), 'secret')
  writeFileSync(path.join(dist, 'index.html'), '<script nonce="__VECTRON_NONCE__"></script>')
  writeFileSync(path.join(dist, 'assets/page-1a2b.js'), 'plain')
  writeFileSync(path.join(dist, 'assets/page-1a2b.js.br'), 'small')
  running = await startTestVectron(undefined, { consoleFolder: dist })
  url = running.url
})

after(async () => {
  await running.close()
  rmSync(folder, { recursive: true })
})

const HTML = { accept: 'text/html,*/*' }

test('the page has a policy without unsafe-inline, and a nonce of its own each time', async () => {
  const [first, second] = await Promise.all([fetch(url), fetch(url)])
  const policy = first.headers.get('content-security-policy') ?? ''
  assert.doesNotMatch(policy, /unsafe/)
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.equal(first.headers.get('x-content-type-options'), 'nosniff')
  assert.equal(first.headers.get('referrer-policy'), 'no-referrer')
  const nonce = /script-src 'self' 'nonce-([\w-]{20,})'/.exec(policy)?.[1]
  assert.equal(await first.text(), `<script nonce="${nonce}"></script>`)
  assert.doesNotMatch(await second.text(), new RegExp(`${nonce}`))
})

test('every page of the console is the one page; the API is never shadowed by it', async () => {
  for (const page of ['/', '/collections', '/collections/shop.v2?find=x']) {
    const answer = await fetch(url + page, { headers: HTML })
    assert.match(answer.headers.get('content-type') ?? '', /text\/html/, page)
  }
  for (const api of [
    '/v1/nowhere',
    '/console/session/nowhere',
    '/errors/NOWHERE',
    '/assets/no.js',
  ]) {
    const answer = await fetch(url + api, { headers: HTML })
    assert.equal(answer.status, 404, api)
    assert.match(answer.headers.get('content-type') ?? '', /problem\+json/, api)
  }
  assert.equal((await fetch(`${url}/collections`)).status, 404)
  assert.equal((await fetch(`${url}/collections`, { method: 'POST' })).status, 404)
})

test('hashed files are kept for ever, and sent as small as the browser takes them', async () => {
  const file = `${url}/assets/page-1a2b.js`
  const plain = await fetch(file, { headers: { 'accept-encoding': 'identity' } })
  assert.equal(await plain.text(), 'plain')
  assert.equal(plain.headers.get('cache-control'), 'public, max-age=31536000, immutable')
  const small = await fetch(file, { method: 'HEAD', headers: { 'accept-encoding': 'gzip, br' } })
  assert.equal(small.headers.get('content-encoding'), 'br')
  assert.equal(small.headers.get('content-length'), '5')
})

test('no path leads out of the folder', async () => {
  for (const way of [
    '/assets/..%2f..%2fsecret.txt',
    '/assets/%2e%2e/secret.txt',
    '/assets/.stamp',
  ]) {
    assert.equal((await fetch(url + way)).status, 404, way)
  }
})

test('a gateway without a built console says how to get one', async () => {
  const page = path.join(dist, 'index.html')
  renameSync(page, `${page}.away`)
  const answer = await fetch(url)
  renameSync(`${page}.away`, page)
  assert.equal(answer.status, 404)
  assert.match(await answer.text(), /npm run build/)
})

/** What the console's own page sends with every request. */
const OWN = { 'x-vectron-console': '1' }

interface Granted {
  readonly session: { readonly accessToken: string } | null
}

function post(url: string, name: string, headers: Record<string, string>, body: object = {}) {
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  return fetch(`${url}/console/session/${name}`, init)
}

async function sessionOf(answer: Response): Promise<Granted['session']> {
  return ((await answer.json()) as Granted).session
}

/** `vectron_session=...`, as browsers send it back. */
function cookieOf(answer: Response): string {
  return answer.headers.get('set-cookie')?.split(';')[0] ?? ''
}

/** Signs in by a link of its own. */
async function enter(headers: Record<string, string> = {}): Promise<Response> {
  const token = await running.createSignInLink()
  return post(url, 'link', { ...OWN, ...headers }, { token })
}

test('the cookie is out of reach of scripts, other sites and other paths', async () => {
  const plain = await enter()
  assert.match(
    plain.headers.get('set-cookie') ?? '',
    /^vectron_session=vr_\w+; Path=\/console\/session; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
  )
  assert.equal(plain.headers.get('cache-control'), 'no-store')
  const session = await sessionOf(plain)
  assert.deepEqual(Object.keys(session ?? {}).sort(), ['accessToken', 'expiresIn', 'profile'])
  const behindTls = await enter({ 'x-forwarded-proto': 'https' })
  assert.match(behindTls.headers.get('set-cookie') ?? '', /; Secure$/)
})

test('requests of other sites are refused, whatever they know', async () => {
  const cookie = cookieOf(await enter())
  const foreign = [
    { cookie },
    { ...OWN, cookie, origin: 'https://evil.example' },
    { ...OWN, cookie, origin: 'null' },
    { ...OWN, cookie, 'sec-fetch-site': 'cross-site' },
    { ...OWN, cookie, 'sec-fetch-site': 'same-site' },
  ]
  for (const headers of foreign) {
    const answer = await post(url, 'resume', headers)
    assert.equal(answer.status, 403, JSON.stringify(headers))
    assert.equal(answer.headers.get('set-cookie'), null)
  }
  const own = { ...OWN, cookie, origin: url, 'sec-fetch-site': 'same-origin' }
  const resumed = await post(url, 'resume', own)
  assert.equal(resumed.status, 200)
  assert.notEqual(await sessionOf(resumed), null)
})

test('two tabs that wake together get one refresh, and the session lives on', async () => {
  const cookie = cookieOf(await enter())
  const resume = () => post(url, 'resume', { ...OWN, cookie })
  const [one, other] = await Promise.all([resume(), resume()])
  assert.equal(cookieOf(one), cookieOf(other))
  assert.notEqual(cookieOf(one), cookie)
  // As after a reload that was quicker than the answer with the next cookie.
  assert.equal(cookieOf(await resume()), cookieOf(one))
  const next = await post(url, 'resume', { ...OWN, cookie: cookieOf(one) })
  assert.notEqual(await sessionOf(next), null)
})

test('the token of a session works at the API', async () => {
  const session = await sessionOf(await enter())
  const headers = { authorization: `Bearer ${session?.accessToken}` }
  assert.equal((await fetch(`${url}/v1/collections`, { headers })).status, 200)
})

test('logging out ends the session and clears the cookie', async () => {
  const entered = await enter()
  const cookie = cookieOf(entered)
  const session = await sessionOf(entered)
  const out = await post(url, 'logout', { ...OWN, cookie })
  assert.deepEqual(await out.json(), { session: null })
  assert.match(out.headers.get('set-cookie') ?? '', /^vectron_session=; .*Max-Age=0/)
  const after = await post(url, 'resume', { ...OWN, cookie })
  assert.equal(await sessionOf(after), null)
  const headers = { authorization: `Bearer ${session?.accessToken}` }
  assert.equal((await fetch(`${url}/v1/auth/profile`, { headers })).status, 401)
})

test('without a session, resuming is no error', async () => {
  const answer = await post(url, 'resume', OWN)
  assert.equal(answer.status, 200)
  assert.equal(await sessionOf(answer), null)
})
