// Proves that clients who mean no good, some with accounts of their own, take nothing from the
// others: while thousands of sockets dawdle, flood or send bombs, every request of a normal client
// is answered, the memory of the process stays bounded, and what the attackers opened is ended and
// counted. Server, attacker and client are processes of their own; the server is started as people
// start it.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { LIMITS } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { GrpcChannel } from '@vectron/rpc'
import { residentBytes, VectronProcess } from '@vectron/testkit'
import { ATTACKS, type AttackName, type AttackOutcome } from './attacks.ts'

/**
 * Resident bytes that an attack may add: the bodies of all requests together (512 MiB), twice while
 * they are joined, and what garbage waits meanwhile.
 */
const GROWTH_BYTES_MAX = 1280 * 2 ** 20
const ATTACKER = path.join(import.meta.dirname, 'attacker-process.ts')

/**
 * How the server ends each: the answers that attackers hear, and the cause that it counts. Who is
 * still sending while a connection is ended may learn it from a write that fails, before reading
 * the GOAWAY: no answer, but the same end.
 */
const EXPECTED: Readonly<Record<AttackName, { answers: RegExp; cause?: string }>> = {
  'slow headers': { answers: /^HTTP 408$/, cause: 'slow-header' },
  'too many of one address': { answers: /^HTTP (408|429)$/, cause: 'too-many-of-address' },
  'slow bodies': { answers: /^HTTP 408$/, cause: 'slow-body' },
  'silent sockets on the gRPC port': { answers: /^(GOAWAY \d+|no answer)$/, cause: 'slow-header' },
  'slow bodies of gRPC': { answers: /^trailers$/, cause: 'slow-body' },
  'rapid reset': { answers: /^(GOAWAY 11|no answer)$/, cause: 'rapid-reset' },
  'CONTINUATION flood': { answers: /^(GOAWAY \d+|no answer)$/, cause: 'control-flood' },
  'SETTINGS flood': { answers: /^(GOAWAY \d+|no answer)$/, cause: 'control-flood' },
  'PING flood': { answers: /^(GOAWAY \d+|no answer)$/, cause: 'control-flood' },
  'gzip bombs': { answers: /^HTTP (413|429)$/ },
  'deflate bombs': { answers: /^HTTP (413|429)$/ },
  'brotli bombs': { answers: /^HTTP (413|429)$/ },
  'bombs of blank lines': { answers: /^HTTP (413|429)$/ },
  'gzip bombs of strangers': { answers: /^HTTP 413$/ },
  // These heed no flow control either, for which the connections of some are ended at once.
  'gzip bombs of gRPC': { answers: /^(trailers|GOAWAY 3)$/ },
}

/** Of one address, those beyond its limit; the others are slow headers as well. */
const ENDED_MIN: Partial<Record<AttackName, number>> = {
  'too many of one address': 2000 - LIMITS.connectionsPerAddressMax,
}

let data: string
let running: VectronProcess
let channel: GrpcChannel
/** Token of the attacker's account: those who mean no good may have one as well. */
let attackersToken: string

before(async () => {
  data = mkdtempSync(path.join(tmpdir(), 'vectron-floods-'))
  running = await VectronProcess.start({ data })
  channel = new GrpcChannel(running.grpc, {
    headers: { authorization: `Bearer ${running.apiKey}` },
  })
  const made = await running.request('POST', '/v1/collections', { name: 'floods', dimension: 2 })
  assert.equal(made.status, 200)
  const points = [{ id: 'a', vector: [1, 2] }]
  const put = await running.request('POST', '/v1/collections/floods/points:upsert', { points })
  assert.equal(put.status, 200)
  const account = { email: 'mallory@example.org', password: 'correct horse battery' }
  attackersToken = (await running.request('POST', '/v1/auth/register', account)).body.accessToken
  const response = await fetch(`${running.url}/v1/collections`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${attackersToken}` },
    body: JSON.stringify({ name: 'floods', dimension: 2 }),
  })
  assert.equal(response.status, 200)
})

after(async () => {
  channel?.close()
  await running?.stop()
  rmSync(data, { recursive: true, force: true })
})

for (const name of Object.keys(ATTACKS) as AttackName[]) {
  test(`${name}: others are served, memory stays bounded, the attackers are ended`, async (t) => {
    const { answers, cause } = EXPECTED[name]
    const countedBefore = cause === undefined ? 0 : await counted(cause)
    const residentBefore = residentBytes(running.pid)
    const attacker = startAttacker(name)
    await attacker.open
    const [outcome, { requests, residentMax }] = await Promise.all([
      attacker.outcome,
      serveWhile(attacker.outcome),
    ])
    const growth = residentMax - residentBefore
    t.diagnostic(
      `${JSON.stringify(outcome)}; ${requests} requests served meanwhile; ` +
        `memory grew by ${Math.round(growth / 2 ** 20)} MiB at most`,
    )
    assert.equal(outcome.ended, outcome.sockets, running.output)
    for (const answer of Object.keys(outcome.answers)) assert.match(answer, answers)
    assert.ok(requests >= 5, `${requests} requests were served meanwhile`)
    assert.ok(growth < GROWTH_BYTES_MAX, `memory grew by ${growth} bytes`)
    if (cause !== undefined) {
      const ended = (await counted(cause)) - countedBefore
      assert.ok(ended >= (ENDED_MIN[name] ?? outcome.sockets), `${ended} ended for ${cause}`)
    }
    await requestOnce()
  })
}

/** One of each kind, each of which must succeed. */
async function requestOnce(): Promise<void> {
  const query = { vector: [1, 2], topK: 1 }
  const found = await running.request('POST', '/v1/collections/floods/points:search', query)
  assert.equal(found.status, 200)
  assert.equal(found.body.results[0].id, 'a')
  const client = channel.client(vectron.Points)
  assert.equal((await client.getPoint({ collection: 'floods', id: 'a' })).id, 'a')
}

/** A normal client, until the attack is over; how much memory the server had at most. */
async function serveWhile(attack: Promise<unknown>) {
  let over = false
  attack.finally(() => {
    over = true
  })
  let requests = 0
  let residentMax = 0
  while (!over || requests < 5) {
    await requestOnce()
    requests++
    residentMax = Math.max(residentMax, residentBytes(running.pid))
  }
  return { requests, residentMax }
}

function startAttacker(name: AttackName) {
  const [, httpPort] = /:(\d+)$/.exec(running.url) ?? []
  const [, grpcPort] = /:(\d+)$/.exec(running.grpc) ?? []
  const target = {
    httpPort: Number(httpPort),
    grpcPort: Number(grpcPort),
    credential: attackersToken,
  }
  const child = spawn(process.execPath, [ATTACKER, JSON.stringify({ name, target })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const open = lines.next()
  return { open, outcome: open.then(() => outcomeOf(child, lines)) }
}

async function outcomeOf(
  child: ChildProcess,
  lines: AsyncIterator<string>,
): Promise<AttackOutcome> {
  const { value } = await lines.next()
  if (child.exitCode === null) await once(child, 'exit')
  assert.equal(child.exitCode, 0)
  return JSON.parse(value)
}

/** Connections that were ended for this cause, over all ports. */
async function counted(cause: string): Promise<number> {
  const text = await (await fetch(`${running.url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith('vectron_connections_ended_'))
  const values = lines.filter((line) => line.includes(`cause="${cause}"`))
  return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
