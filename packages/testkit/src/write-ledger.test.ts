/** The ledger finds what it is there to find: a checker that never objects proves nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WriteLedger } from './write-ledger.ts'

test('a lost acknowledged write is a violation', () => {
  const ledger = new WriteLedger()
  ledger.send('a', 1)
  ledger.acknowledge('a', 1)
  assert.equal(ledger.violations(new Map()).length, 1)
  assert.equal(ledger.violations(new Map([['a', 1]])).length, 0)
})

test('an older value than the acknowledged one is a violation', () => {
  const ledger = new WriteLedger()
  for (const value of [1, 2]) {
    ledger.send('a', value)
    ledger.acknowledge('a', value)
  }
  assert.equal(ledger.violations(new Map([['a', 1]])).length, 1)
})

test('an unanswered write may be there or not, a value never sent may not', () => {
  const ledger = new WriteLedger()
  ledger.send('a', 7)
  assert.equal(ledger.violations(new Map()).length, 0)
  assert.equal(ledger.violations(new Map([['a', 7]])).length, 0)
  assert.equal(ledger.violations(new Map([['a', 8]])).length, 1)
  assert.equal(ledger.violations(new Map([['b', 1]])).length, 1)
})
