/**
 * Proves that the time of an answer does not tell which accounts and keys exist: 200 tries of each
 * kind, in random order, compared by rank. A difference of a tenth of the spread would show.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { seededRandom, testSeed } from '@vectron/base'
import { startHttpServer } from '@vectron/rpc'
import { slowerShare } from '@vectron/testkit'
import { createKeyText, parseKey } from './api-key.ts'
import { openAuthFixture } from './auth-fixture.ts'

const TRIES = 200
/** Five standard deviations of two equal kinds. */
const SHARE_OFF_MAX = 0.15
/** A machine that stalls for one kind only may spoil a round, not three. */
const ROUNDS_MAX = 3

interface Kinds {
  readonly known: () => Promise<unknown>
  readonly unknown: () => Promise<unknown>
}

/** Settles when a round shows no difference; fails when each of them shows one. */
async function checkAlike(t: TestContext, kinds: Kinds): Promise<void> {
  const shares: number[] = []
  while (shares.length < ROUNDS_MAX) {
    const share = await compare(kinds)
    t.diagnostic(`known slower than unknown in ${(share * 100).toFixed(1)} % of pairs`)
    if (Math.abs(share - 0.5) <= SHARE_OFF_MAX) return
    shares.push(share)
  }
  assert.fail(`the time of an answer tells them apart: ${shares.join(', ')}`)
}

async function compare({ known, unknown }: Kinds): Promise<number> {
  const random = seededRandom(testSeed())
  const times = { known: [] as number[], unknown: [] as number[] }
  const time = async (kind: keyof Kinds) => {
    const beganMs = performance.now()
    await (kind === 'known' ? known() : unknown())
    times[kind].push(performance.now() - beganMs)
  }
  for (let tries = 0; tries < TRIES; tries++) {
    const first = random.nextFloat() < 0.5
    await time(first ? 'known' : 'unknown')
    await time(first ? 'unknown' : 'known')
  }
  return slowerShare(times.known, times.unknown)
}

test('a log-in takes as long for an account that exists as for one that does not', async (t) => {
  const { as, clock } = await openAuthFixture(t)
  const email = 'ann@example.org'
  await as().accounts.register({ email, password: 'correct horse battery staple' })
  const logIn = async (account: string) => {
    // Long enough that no earlier try counts for the waits.
    clock.passedMs += 3_600_001
    const request = { email: account, password: 'a wrong password' }
    await assert.rejects(as().accounts.logIn(request), { reason: 'WRONG_KEY' })
  }
  let number = 0
  await checkAlike(t, {
    known: () => logIn(email),
    unknown: () => logIn(`bo${number++}@example.org`),
  })
})

test('a wrong secret takes as long for a key that exists as for one that does not', async (t) => {
  const { running, logger } = await openAuthFixture(t)
  const { id } = parseKey((await running.createOwnerKey('owner')).text) ?? {}
  // As a caller sees it: a difference below the noise of a connection is none.
  const server = await startHttpServer({ port: 0, services: running.publicServices, logger })
  t.after(() => server.close(0))
  const ask = async (text: string) => {
    const headers = { 'x-api-key': text }
    const answer = await fetch(`http://127.0.0.1:${server.port}/v1/auth/projects`, { headers })
    assert.equal(answer.status, 401)
    await answer.arrayBuffer()
  }
  await checkAlike(t, {
    known: () => ask(createKeyText('dev', id).text),
    unknown: () => ask(createKeyText('dev').text),
  })
})
