import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VectronError } from '@vectron/base'
import { type CollectionNames, FollowedAlias, keepNames } from './followed-alias.ts'

/** Names that the test changes. */
class Names implements CollectionNames {
  readonly known = new Map<string, string>()

  peekName(name: string): string | undefined {
    return this.known.get(name)
  }

  async resolveName(name: string): Promise<string> {
    return this.known.get(name) ?? name
  }
}

const gone = () => new VectronError('COLLECTION_NOT_FOUND', 'gone')

test('A request by an alias whose collection is gone is answered from what it points to now.', async () => {
  const names = new Names()
  const put: string[] = []
  const asked: string[] = []
  const alias = new FollowedAlias({
    names,
    alias: 'live',
    collection: 'v1',
    put: (collection) => put.push(collection),
  })
  const handle = async () => {
    asked.push(put.at(-1) ?? 'v1')
    if (put.length > 0) return 'answer'
    names.known.set('live', 'v2')
    throw gone()
  }
  assert.equal(await alias.follow(handle), 'answer')
  assert.deepEqual(asked, ['v1', 'v2'])
})

test('It is asked once where the alias points to the same still, is gone too, or fails otherwise.', async () => {
  const names = new Names()
  const put = assert.fail
  const alias = new FollowedAlias({ names, alias: 'live', collection: 'v1', put })
  const failWith = (error: VectronError) => async () => {
    asked += 1
    throw error
  }
  let asked = 0
  await assert.rejects(alias.follow(failWith(gone())), { reason: 'COLLECTION_NOT_FOUND' })
  names.known.set('live', 'v1')
  await assert.rejects(alias.follow(failWith(gone())), { reason: 'COLLECTION_NOT_FOUND' })
  names.known.set('live', 'v2')
  const other = new VectronError('DEADLINE_EXCEEDED', 'late')
  await assert.rejects(alias.follow(failWith(other)), { reason: 'DEADLINE_EXCEEDED' })
  assert.equal(asked, 3)
})

test('Who may not reach what the alias points to now gets no answer from there.', async () => {
  const names = new Names()
  names.known.set('live', 'secret')
  const put = () => {
    throw new VectronError('FORBIDDEN', 'out of scope')
  }
  const alias = new FollowedAlias({ names, alias: 'live', collection: 'v1', put })
  await assert.rejects(
    alias.follow(async () => {
      throw gone()
    }),
    { reason: 'FORBIDDEN' },
  )
})

test('For one stream a name means what it meant at first.', async () => {
  const names = new Names()
  names.known.set('live', 'v1')
  const kept = keepNames(names)
  assert.equal(kept.peekName('live'), 'v1')
  names.known.set('live', 'v2')
  assert.equal(kept.peekName('live'), 'v1')
  assert.equal(keepNames(names).peekName('live'), 'v2')
  assert.equal(kept.peekName('unknown'), undefined)
  assert.equal(await kept.resolveName('unknown'), 'unknown')
  assert.equal(kept.peekName('unknown'), 'unknown')
})
