import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VectronError } from '@vectron/base'
import { auth } from '@vectron/contracts'
import { ConnectionFailure } from '@vectron/rpc'
import { Instances } from './instances.ts'

type Fate = 'answers' | 'refuses' | 'breaks' | 'errs'

/** An instance of which calls meet a fate that may change. */
class FakeInstance {
  fate: Fate = 'answers'
  asked = 0
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  client = () => {
    const meet = async () => {
      this.asked += 1
      if (this.fate === 'answers') return { accessToken: this.#name, apiKey: this.#name }
      if (this.fate === 'errs') throw new VectronError('WRONG_KEY', 'wrong')
      const cause = new ConnectionFailure('gone', { wasConnected: this.fate === 'breaks' })
      throw new VectronError('UNAVAILABLE', 'gone', { cause })
    }
    // biome-ignore lint/suspicious/noExplicitAny: only what the tests call
    return { refresh: meet, validateKey: meet, watchChanges: () => this.#changes() } as any
  }

  async *#changes() {
    this.asked += 1
    yield { change: { case: 'keyId', value: this.#name } }
  }
}

function two() {
  const [a, b] = [new FakeInstance('a'), new FakeInstance('b')]
  const instances = new Instances([a, b])
  return { a, b, accounts: instances.client(auth.Accounts), keys: instances.client(auth.Auth) }
}

test('An instance that fails is passed over, by every client, until the next one fails.', async () => {
  const { a, b, accounts, keys } = two()
  a.fate = 'breaks'
  await keys.validateKey({})
  await keys.validateKey({})
  await accounts.refresh({})
  assert.deepEqual([a.asked, b.asked], [1, 3])
  a.fate = 'answers'
  b.fate = 'refuses'
  await accounts.refresh({})
  assert.deepEqual([a.asked, b.asked], [2, 4])
})

test('What may not be done twice is sent again only when nobody was reached.', async () => {
  const { a, b, accounts } = two()
  a.fate = 'breaks'
  await assert.rejects(accounts.refresh({}), { reason: 'UNAVAILABLE' })
  assert.deepEqual([a.asked, b.asked], [1, 0])
  b.fate = 'refuses'
  await assert.rejects(accounts.refresh({}), { reason: 'UNAVAILABLE' })
  assert.deepEqual([a.asked, b.asked], [2, 1])
})

test('An error that is the answer is the answer, and all that fail are one failure.', async () => {
  const { a, b, keys } = two()
  a.fate = 'errs'
  await assert.rejects(keys.validateKey({}), { reason: 'WRONG_KEY' })
  assert.deepEqual([a.asked, b.asked], [1, 0])
  a.fate = 'breaks'
  b.fate = 'refuses'
  await assert.rejects(keys.validateKey({}), { reason: 'UNAVAILABLE' })
  assert.deepEqual([a.asked, b.asked], [2, 1])
})

test('Who listens again after a stream has ended listens to another instance.', async () => {
  const { keys } = two()
  const heard: unknown[] = []
  for (let times = 0; times < 2; times++) {
    for await (const { change } of keys.watchChanges({})) heard.push(change.value)
  }
  assert.deepEqual(heard, ['a', 'b'])
})
