/**
 * Proves that instances of the authenticator over one etcd are one to whoever asks: two real
 * processes with HTTP of their own, and a gateway before them that goes on when one is killed.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { startEtcd } from '@vectron/testkit'
import { RunningCommand, temporaryFolder, vectron } from './vectron-command.ts'

const cwd = temporaryFolder()
const PASSWORD = 'correct horse battery staple'
const ORIGIN = 'https://console.example.org'
/** For etcd, which lives as long as the file. */
const endings: (() => unknown)[] = []
const suite = { after: (ending: () => unknown) => endings.push(ending) }
after(async () => {
  for (const ending of endings) await ending()
})

interface Ready {
  readonly http: string
  readonly grpc: string
}

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: looked into by assertions
  readonly body: any
}

let etcd: readonly string[]
const auths: RunningCommand[] = []
const urls: string[] = []
const grpcAddresses: string[] = []
const gateways: string[] = []

async function start(service: string, values: Readonly<Record<string, string>>) {
  const all = { 'admin.port': '0', 'grpc.port': '0', 'log.level': 'error', ...values }
  const args = Object.entries(all).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const running = new RunningCommand([service, ...args], { cwd })
  const [line] = await running.until(/^\{"event":"ready".*\}$/m)
  return { running, ready: JSON.parse(line) as Ready }
}

const authValues = (name: string) => ({
  'data.folder': path.join(cwd, name),
  'store.kind': 'etcd',
  'store.etcdEndpoints': etcd.join(','),
  'store.masterKeyFile': path.join(cwd, 'master.key'),
})

before(async () => {
  etcd = (await startEtcd(suite)).endpoints
  for (const name of ['a', 'b']) {
    const values = { ...authValues(name), 'http.port': '0', 'http.corsOrigins': ORIGIN }
    const { running, ready } = await start('auth', values)
    auths.push(running)
    urls.push(ready.http)
    grpcAddresses.push(ready.grpc)
  }
  const folder = { 'data.folder': path.join(cwd, 'placement'), 'raft.port': '0' }
  const placement = await start('placement', folder)
  const members = { 'placement.members': placement.ready.grpc }
  await start('worker', { ...members, 'data.folder': path.join(cwd, 'w'), 'raft.port': '0' })
  for (const addresses of [grpcAddresses, [...grpcAddresses].reverse()]) {
    const values = { ...members, 'auth.addresses': addresses.join(','), 'http.port': '0' }
    gateways.push((await start('gateway', values)).ready.http)
  }
})

async function ask(url: string, init: RequestInit & { credential?: string; json?: object } = {}) {
  const { credential, json, ...rest } = init
  const response = await fetch(url, {
    ...rest,
    ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
    headers: {
      'content-type': 'application/json',
      ...rest.headers,
      ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
    },
  })
  return { status: response.status, body: await response.json() } satisfies Answer
}

const url = (index: number) => urls[index] ?? ''

async function register(at: string): Promise<{ email: string; session: Answer['body'] }> {
  const email = `${randomUUID()}@example.org`
  const { status, body } = await ask(`${at}/v1/auth/register`, {
    json: { email, password: PASSWORD },
  })
  assert.equal(status, 200, JSON.stringify(body))
  return { email, session: body }
}

async function createKey(at: string, { accessToken, profile }: Answer['body']) {
  const projectId = profile.projects[0].projectId
  const keys = `/v1/auth/projects/${projectId}/keys`
  const made = await ask(at + keys, { credential: accessToken, json: { name: 'k' } })
  assert.equal(made.status, 200, JSON.stringify(made.body))
  return { text: made.body.text as string, path: `${keys}/${made.body.key.keyId}` }
}

/** Asks again until the answer is as it will be in the end; the test's own timeout bounds it. */
async function eventually(
  asking: () => Promise<Answer>,
  isRight: (answer: Answer) => boolean,
): Promise<Answer> {
  for (;;) {
    const answer = await asking()
    if (isRight(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('an account made at one instance is there at the others at once', async () => {
  for (const [here, there] of [urls, [...urls].reverse()]) {
    const { email, session } = await register(here ?? '')
    const login = await ask(`${there}/v1/auth/login`, { json: { email, password: PASSWORD } })
    assert.equal(login.status, 200)
    const profile = await ask(`${there}/v1/auth/profile`, { credential: session.accessToken })
    assert.equal(profile.body.email, email)
  }
})

test('all instances sign with the same keys and publish them', async () => {
  const [a, b] = await Promise.all(urls.map((at) => ask(`${at}/v1/auth/jwks`)))
  assert.equal(a?.body.keys.length, 1)
  assert.deepEqual(a?.body, b?.body)
})

test('a refresh token counts once, also when two instances get it in the same moment', async () => {
  for (let times = 0; times < 5; times++) {
    const { session } = await register(url(times % 2))
    const json = { refreshToken: session.refreshToken }
    const answers = await Promise.all(
      [0, 1, 0, 1].map((index) => ask(`${url(index)}/v1/auth/refresh`, { json })),
    )
    const successes = answers.filter(({ status }) => status === 200)
    assert.ok(successes.length <= 1)
    // It was used more than once, so whoever got the next one has lost it too.
    const { refreshToken = '' } = successes[0]?.body ?? {}
    assert.equal((await ask(`${url(0)}/v1/auth/refresh`, { json: { refreshToken } })).status, 401)
  }
})

test('a key revoked at one instance is refused at every gateway', async () => {
  const { session } = await register(url(0))
  const key = await createKey(url(0), session)
  const list = (at: string) => ask(`${at}/v1/collections`, { credential: key.text })
  for (const gateway of gateways) assert.equal((await list(gateway)).status, 200)
  const revoke = { credential: session.accessToken, json: {} }
  assert.equal((await ask(`${url(1)}${key.path}:revoke`, revoke)).status, 200)
  for (const gateway of gateways) {
    await eventually(
      () => list(gateway),
      ({ status }) => status === 401,
    )
    assert.equal((await list(gateway)).status, 401)
  }
})

test('what was done at any instance is in one audit at every gateway', async () => {
  const { session } = await register(url(0))
  const { accessToken, profile } = session
  const made: string[] = []
  for (const at of [url(0), url(1), url(0), url(1)]) {
    const key = await createKey(at, session)
    made.unshift(key.path.split('/').at(-1) ?? '')
  }
  const project = { 'x-vectron-project': profile.projects[0].projectId }
  for (const gateway of gateways) {
    const found: string[] = []
    let token = ''
    do {
      const query = `action=key.create&pageSize=1&pageToken=${token}`
      const request = { credential: accessToken, headers: project }
      const { status, body } = await ask(`${gateway}/v1/audit?${query}`, request)
      assert.equal(status, 200, JSON.stringify(body))
      found.push(...body.entries.map(({ subject }: { subject: string }) => subject))
      // Of the gateways' own logs: none is set.
      assert.deepEqual(body.missing, ['the gateway gateway: it keeps no audit log'])
      token = body.nextPageToken
    } while (token !== '')
    assert.deepEqual(found, made)
  }
})

test('a plan changed at one instance is in force at every gateway', async () => {
  const create = ['auth', '--create-key', 'owner', '--set', 'admin.port=0']
  const args = Object.entries(authValues('cli')).flatMap(([k, v]) => ['--set', `${k}=${v}`])
  const owner = (await vectron([...create, ...args], { cwd })).stdout.trim()
  const { session } = await register(url(0))
  const key = await createKey(url(0), session)
  const { projectId } = session.profile.projects[0]
  const limits = {
    requestsPerSecond: 1,
    vectorsMax: '10',
    dimensionMax: 2,
    collectionsMax: 1,
    bytesMax: '1000000',
    topKMax: 10,
  }
  const { status, body } = await ask(`${url(1)}/v1/auth/projects/${projectId}`, {
    method: 'PATCH',
    credential: owner,
    body: JSON.stringify({ plan: 'custom', limits }),
  })
  assert.equal(status, 200, JSON.stringify(body))
  for (const gateway of gateways) {
    const list = () => ask(`${gateway}/v1/collections`, { credential: key.text })
    const { body: problem } = await eventually(list, (answer) => answer.status === 429)
    assert.equal(problem.reason, 'RATE_LIMITED')
  }
})

test('pages of the origins that are set may call, and others not', async () => {
  const asking = (origin: string) =>
    fetch(`${url(0)}/v1/auth/login`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
  const allowed = await asking(ORIGIN)
  assert.equal(allowed.status, 204)
  assert.equal(allowed.headers.get('access-control-allow-origin'), ORIGIN)
  assert.equal((await asking('https://example.org')).status, 405)
  assert.equal((await ask(`${url(0)}/openapi.json`)).body.openapi, '3.1.0')
})

test('who guesses at all instances in turn waits as at one', async () => {
  const statuses: number[] = []
  // At each by itself six wrong passwords would be heard without a wait.
  for (let tries = 0; tries < 12; tries++) {
    const json = { email: 'guessed@example.org', password: 'wrong password' }
    statuses.push((await ask(`${url(tries % 2)}/v1/auth/login`, { json })).status)
  }
  assert.deepEqual(statuses.slice(0, 6), Array(6).fill(401))
  assert.ok(statuses.includes(429), statuses.join())
})

test('what a stranger writes about where he is does not free him of waiting', async () => {
  const guess = (number: number) =>
    ask(`${url(0)}/v1/auth/login`, {
      headers: { 'x-vectron-caller': `10.0.0.${number}:1` },
      json: { email: `nobody-${number}@example.org`, password: 'wrong password' },
    })
  const answers: Answer[] = []
  for (let number = 0; number < 25; number++) answers.push(await guess(number))
  assert.equal(answers[0]?.status, 401)
  assert.equal(answers.at(-1)?.status, 429)
  // And the wait ends, here as at the other instance.
  const json = { email: 'patient@example.org', password: 'correct horse battery' }
  const enters = () => ask(`${url(1)}/v1/auth/register`, { json })
  await eventually(enters, ({ status }) => status === 200)
})

test('gateways go on when an instance is killed, and when it is back and the other is', async () => {
  const goesOn = async () => {
    // Through the gateway, and with a key that it has never seen.
    const { session } = await register(url(alive))
    for (const gateway of gateways) {
      const key = await createKey(gateway, session)
      const listed = await ask(`${gateway}/v1/collections`, { credential: key.text })
      assert.equal(listed.status, 200, JSON.stringify(listed.body))
    }
  }
  const endpoint = (index: number) => ({
    'http.port': new URL(url(index)).port,
    'grpc.port': (grpcAddresses[index] ?? '').split(':')[1] ?? '0',
  })
  let alive = 1
  auths[0]?.signal('SIGKILL')
  await auths[0]?.end()
  await goesOn()
  await start('auth', { ...authValues('a'), ...endpoint(0) })
  alive = 0
  auths[1]?.signal('SIGKILL')
  await auths[1]?.end()
  await goesOn()
})
