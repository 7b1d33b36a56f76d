import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { checkHistory, isLinearizable } from './check-history.ts'
import { keyValueModel } from './key-value-model.ts'
import { jepsenLogs, keyValueLog, PORCUPINE_FOLDER, registerHistory } from './porcupine-data.ts'
import { randomHistory } from './random-history.ts'
import { registerModel } from './register-model.ts'
import { reportBrokenKey } from './report-history.ts'

function verdictOf(events: string) {
  return checkHistory(registerModel, registerHistory(events.split(' ')))
}

test('agrees with porcupine on its logs of Jepsen against etcd', () => {
  const logs = jepsenLogs()
  assert.equal(logs.length, 102)
  for (const { name, linearizable, history } of logs) {
    const verdict = checkHistory(registerModel, history)
    assert.deepEqual(verdict.undecided, [], `log ${name}`)
    assert.equal(isLinearizable(verdict), linearizable, `log ${name}`)
  }
})

test('agrees with porcupine on its logs of a key-value store', () => {
  for (const clients of ['c01', 'c10', 'c50']) {
    const ok = checkHistory(keyValueModel, keyValueLog(`${clients}-ok`))
    assert.deepEqual([ok.broken, ok.undecided], [[], []], `${clients}-ok`)
    const bad = checkHistory(keyValueModel, keyValueLog(`${clients}-bad`))
    assert.notEqual(bad.broken.length, 0, `${clients}-bad`)
  }
})

test('agrees with porcupine on 2,000 histories drawn at random', () => {
  const file = path.join(PORCUPINE_FOLDER, 'random-verdicts.txt')
  const verdicts = readFileSync(file, 'utf8').replaceAll('\n', '')
  assert.equal(verdicts.length, 2000)
  const differing = [...verdicts].flatMap((expected, seed) => {
    const verdict = checkHistory(registerModel, registerHistory(randomHistory(seed)))
    return verdict.undecided.length > 0 || isLinearizable(verdict) !== (expected === '1')
      ? [seed]
      : []
  })
  assert.deepEqual(differing, [])
})

test('lets an operation without an answer happen late, or never', () => {
  assert.ok(isLinearizable(verdictOf('0:w1 0=ok 1:w2 2:r 2=1 2:r 2=2')))
  assert.ok(isLinearizable(verdictOf('0:w1 0=ok 1:w2 2:r 2=1 2:r 2=1')))
  assert.ok(!isLinearizable(verdictOf('0:w1 0=ok 1:w2 2:r 2=2 2:r 2=1')))
})

test('refuses a stale read, and names it with the first moment that cannot be explained', () => {
  const verdict = verdictOf('0:w1 0=ok 0:w2 1:r 0=ok 1=2 1:r 2:r 1=1 2=2 0:w1 0=ok 1:r 1=1')
  const broken = verdict.broken[0]!
  assert.deepEqual(broken.culprit.outcome, {
    kind: 'returned',
    atUs: 8,
    output: { kind: 'value', value: '1' },
  })
  assert.equal(
    reportBrokenKey(registerModel, broken),
    readFileSync(path.join(import.meta.dirname, 'stale-read.golden.txt'), 'utf8').trimEnd(),
  )
})

test('leaves undecided what has more states than it may look at', () => {
  const open = Array.from({ length: 24 }, (_, client) => `${client}:w${client}`)
  const history = registerHistory([...open, '30:r', '30=no', '31:r', '31=3'])
  const verdict = checkHistory(registerModel, history, { statesMax: 1000 })
  assert.deepEqual([verdict.undecided, verdict.broken], [['register'], []])
  assert.ok(!isLinearizable(verdict))
})

test('checks a long history of a few clients quickly', () => {
  const events = Array.from({ length: 20_000 }, (_, at) => {
    const client = at % 8
    return at % 16 < 8 ? `${client}:w${at}` : `${client}=ok`
  })
  assert.ok(isLinearizable(checkHistory(registerModel, registerHistory(events))))
})
