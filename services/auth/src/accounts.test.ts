import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt } from 'jose'
import { openAuthFixture } from './auth-fixture.ts'

const ANN = { email: 'Ann@Example.org', password: 'correct horse battery', name: 'Ann' }

test('a person registers, signs in again by any spelling of the address, and has a project', async (t) => {
  const { as } = await openAuthFixture(t)
  const first = await as().accounts.register(ANN)
  assert.equal(first.profile?.email, 'ann@example.org')
  assert.equal(first.profile?.projects.length, 1)
  assert.equal(first.profile?.projects[0]?.limits?.plan, 'free')

  const { accessToken } = await as().accounts.logIn({ ...ANN, email: 'ANN@example.ORG' })
  const profile = await as(accessToken).accounts.getProfile({})
  assert.equal(profile.userId, first.profile?.userId)
  assert.equal(decodeJwt(accessToken).sub, profile.userId)
})

test('wrong password and unknown account are the same error', async (t) => {
  const { as } = await openAuthFixture(t)
  await as().accounts.register(ANN)
  const errors = await Promise.all(
    [
      { email: ANN.email, password: 'wrong wrong wrong' },
      { email: 'bob@example.org', password: ANN.password },
      { email: 'no address', password: '' },
    ].map((attempt) =>
      as()
        .accounts.logIn(attempt)
        .catch((error: Error) => error),
    ),
  )
  assert.deepEqual(
    errors.map((error) => error instanceof Error && error.message),
    Array(3).fill('The address or the password is wrong.'),
  )
})

test('what cannot be an account is refused with the field named', async (t) => {
  const { as } = await openAuthFixture(t)
  await as().accounts.register(ANN)
  const refused = [
    [{ ...ANN, email: 'nobody' }, 'INVALID_ARGUMENT', 'email'],
    [{ ...ANN, email: 'b@c', password: 'short' }, 'INVALID_ARGUMENT', 'password'],
    [{ ...ANN, email: 'b@c', name: 'n'.repeat(129) }, 'INVALID_ARGUMENT', 'name'],
    [{ ...ANN, email: 'ann@EXAMPLE.org' }, 'CONFLICT', 'email'],
  ] as const
  for (const [request, reason, field] of refused) {
    await assert.rejects(as().accounts.register(request), { reason, field })
  }
  const closed = await openAuthFixture(t, { registration: 'closed' })
  await assert.rejects(closed.as().accounts.register(ANN), { reason: 'FORBIDDEN' })
})

test('guessing is slowed down, for accounts that exist and for others alike', async (t) => {
  const { as } = await openAuthFixture(t)
  await as().accounts.register(ANN)
  for (const email of [ANN.email, 'nobody@example.org']) {
    for (let tries = 0; tries < 6; tries++) {
      await assert.rejects(as().accounts.logIn({ email, password: 'wrong wrong' }), {
        reason: 'WRONG_KEY',
      })
    }
    // Even the right password must wait now.
    await assert.rejects(as().accounts.logIn({ email, password: ANN.password }), {
      reason: 'RATE_LIMITED',
    })
  }
})

test('a refresh token counts once; used again, it ends the whole session', async (t) => {
  const { as, logged } = await openAuthFixture(t)
  const first = await as().accounts.register(ANN)
  const second = await as().accounts.refresh({ refreshToken: first.refreshToken })
  const third = await as().accounts.refresh({ refreshToken: second.refreshToken })
  await as(third.accessToken).accounts.getProfile({})

  await assert.rejects(as().accounts.refresh({ refreshToken: first.refreshToken }), {
    reason: 'WRONG_KEY',
  })
  for (const { accessToken } of [first, second, third]) {
    await assert.rejects(as(accessToken).accounts.getProfile({}), { reason: 'WRONG_KEY' })
  }
  await assert.rejects(as().accounts.refresh({ refreshToken: third.refreshToken }), {
    reason: 'WRONG_KEY',
  })
  assert.ok(logged.some((line) => line.includes('used again')))
})

test('of two refreshes at the same moment at most one counts', async (t) => {
  const { as } = await openAuthFixture(t)
  const { refreshToken } = await as().accounts.register(ANN)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 5 }, () => as().accounts.refresh({ refreshToken })),
  )
  assert.ok(outcomes.filter(({ status }) => status === 'fulfilled').length <= 1)
})

test('logging out ends this session, or all of them', async (t) => {
  const { as } = await openAuthFixture(t)
  const one = await as().accounts.register(ANN)
  const two = await as().accounts.logIn(ANN)
  const three = await as().accounts.logIn(ANN)
  await as(one.accessToken).accounts.logOut({})
  await assert.rejects(as(one.accessToken).accounts.getProfile({}), { reason: 'WRONG_KEY' })
  await as(two.accessToken).accounts.logOut({ everywhere: true })
  for (const { accessToken, refreshToken } of [two, three]) {
    await assert.rejects(as(accessToken).accounts.getProfile({}), { reason: 'WRONG_KEY' })
    await assert.rejects(as().accounts.refresh({ refreshToken }), { reason: 'WRONG_KEY' })
  }
})

test('a new password ends the other sessions and replaces the old one', async (t) => {
  const { as } = await openAuthFixture(t)
  const one = await as().accounts.register(ANN)
  const two = await as().accounts.logIn(ANN)
  const newPassword = 'staple staple staple'
  await assert.rejects(
    as(one.accessToken).accounts.changePassword({ currentPassword: 'wrong', newPassword }),
    { reason: 'FORBIDDEN', field: 'currentPassword' },
  )
  const { accessToken } = await as(one.accessToken).accounts.changePassword({
    currentPassword: ANN.password,
    newPassword,
  })
  await as(accessToken).accounts.getProfile({})
  await assert.rejects(as(two.accessToken).accounts.getProfile({}), { reason: 'WRONG_KEY' })
  await assert.rejects(as().accounts.logIn(ANN), { reason: 'WRONG_KEY' })
  await as().accounts.logIn({ ...ANN, password: newPassword })
})

test('a deleted account is gone with what it had alone, and its address is free', async (t) => {
  const { as, store } = await openAuthFixture(t)
  const { accessToken, profile } = await as().accounts.register(ANN)
  const projectId = profile?.projects[0]?.projectId ?? ''
  await as(accessToken).apiKeys.createApiKey({ projectId, name: 'k' })
  await assert.rejects(as(accessToken).accounts.deleteAccount({ password: 'wrong' }), {
    reason: 'FORBIDDEN',
  })
  await as(accessToken).accounts.deleteAccount({ password: ANN.password })
  await assert.rejects(as(accessToken).accounts.getProfile({}), { reason: 'WRONG_KEY' })
  const everything = await store.list('')
  const left = everything.filter(
    ({ key, value }) => key.includes(projectId) || value.includes('ann@example.org'),
  )
  assert.deepEqual(left, [])
  await as().accounts.register(ANN)
})

test('the sign-in link of the first start signs in as the owner, once', async (t) => {
  const { as, running, clock } = await openAuthFixture(t)
  const token = await running.createSignInLink()
  const { accessToken, profile } = await as().accounts.redeemSignInLink({ token })
  assert.deepEqual(
    profile?.projects.map(({ projectId }) => projectId),
    ['default'],
  )
  await assert.rejects(as().accounts.redeemSignInLink({ token }), { reason: 'WRONG_KEY' })
  // The owner takes an address and a password, and signs in by them from now on.
  await as(accessToken).accounts.changePassword({ newPassword: ANN.password, email: ANN.email })
  await as().accounts.logIn(ANN)
  const late = await running.createSignInLink()
  clock.skewMs += 25 * 3_600_000
  await assert.rejects(as().accounts.redeemSignInLink({ token: late }), { reason: 'WRONG_KEY' })
})

test('an access token ends after its minutes', async (t) => {
  const { as, clock } = await openAuthFixture(t)
  const { accessToken, refreshToken, expiresIn } = await as().accounts.register(ANN)
  clock.skewMs += (expiresIn - 10) * 1000
  await as(accessToken).accounts.getProfile({})
  clock.skewMs += 30_000
  await assert.rejects(as(accessToken).accounts.getProfile({}), { reason: 'WRONG_KEY' })
  const renewed = await as().accounts.refresh({ refreshToken })
  await as(renewed.accessToken).accounts.getProfile({})
})
