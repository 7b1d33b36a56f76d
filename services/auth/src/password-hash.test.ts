import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { systemRandom } from '@vectron/base'
import { PasswordHasher } from './password-hash.ts'
import { HASHES_AT_ONCE } from './password-threads.ts'

const PASSWORD = 'correct horse battery staple'

test('a password is the one that was hashed, however it was composed, and no other is', async () => {
  const hasher = new PasswordHasher(systemRandom)
  const phc = await hasher.hash(PASSWORD)
  assert.match(phc, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.notEqual(await hasher.hash(PASSWORD), phc)
  assert.ok(await hasher.verify(PASSWORD, phc))
  assert.ok(!(await hasher.verify(`${PASSWORD} `, phc)))
  assert.ok(!(await hasher.verifyNothing(PASSWORD)))
  const accented = await hasher.hash('caf\u00e9 caf\u00e9')
  assert.ok(await hasher.verify('cafe\u0301 cafe\u0301', accented))
})

test('of many at once a few are hashed, others wait, and beyond the queue they are refused', async () => {
  const hasher = new PasswordHasher(systemRandom)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 80 }, () => hasher.verifyNothing(PASSWORD)),
  )
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  assert.equal(refused.length, 80 - 64 - HASHES_AT_ONCE)
  for (const { reason } of refused as PromiseRejectedResult[]) {
    assert.equal(reason.reason, 'OVERLOADED')
  }
})

test('hashes are computed in the background of the process', {
  skip: process.platform !== 'linux' && 'threads have a priority of their own on Linux alone',
}, async () => {
  await new PasswordHasher(systemRandom).hash(PASSWORD)
  const niceness = readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')
    // The name in it may hold spaces and parentheses.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })
  const own = Math.min(...niceness)
  const inBackground = niceness.filter((nice) => nice > own)
  assert.ok(inBackground.length >= 1 && inBackground.length <= 2, niceness.join())
})
