import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { LIMITS } from '@vectron/base'
import { placement, type vectron } from '@vectron/contracts'
import { Catalog } from './catalog.ts'

type Command = NonNullable<MessageInitShape<typeof placement.CatalogCommandSchema>['command']>
type Action = MessageInitShape<typeof vectron.AliasActionSchema>

/** A catalog whose answers are told in a word: `done`, or the reason of the refusal. */
class Driven {
  readonly catalog: Catalog
  #index: bigint

  constructor(catalog = new Catalog()) {
    this.catalog = catalog
    this.#index = catalog.appliedIndex
  }

  run(command: Command): string {
    this.#index += 1n
    const message = create(placement.CatalogCommandSchema, { timeMs: 1n, command })
    const result = this.catalog.apply(this.#index, message)
    return result.kind === 'refused' ? `${result.reason}: ${result.message}` : result.kind
  }

  add(name: string): string {
    return this.run({
      case: 'addCollection',
      value: { collection: { name, dimension: 2 }, shards: [{ workerIds: [1n] }] },
    })
  }

  drop(name: string): string {
    return this.run({ case: 'dropCollection', value: { name } })
  }

  change(...actions: Action[]): string {
    return this.run({ case: 'changeAliases', value: { actions } })
  }

  get aliases(): Record<string, string> {
    return Object.fromEntries(this.catalog.aliases)
  }
}

const makes = (alias: string, collection: string): Action => ({
  action: { case: 'create', value: { alias, collection } },
})
const switches = (alias: string, collection: string): Action => ({
  action: { case: 'switch', value: { alias, collection } },
})
const deletes = (alias: string): Action => ({ action: { case: 'delete', value: { alias } } })

function withTwoCollections(): Driven {
  const driven = new Driven()
  driven.run({ case: 'addWorker', value: { address: 'a:1' } })
  driven.add('v1')
  driven.add('v2')
  return driven
}

test('Actions on aliases are carried out in their order, all of them or none.', () => {
  const driven = withTwoCollections()
  assert.equal(driven.change(makes('live', 'v1'), makes('next', 'v2')), 'done')
  assert.deepEqual(driven.aliases, { live: 'v1', next: 'v2' })
  const { version } = driven.catalog
  const refused = driven.change(switches('live', 'v2'), deletes('next'), deletes('next'))
  assert.equal(refused, 'ALIAS_NOT_FOUND: There is no alias "next".')
  assert.deepEqual(driven.aliases, { live: 'v1', next: 'v2' })
  assert.equal(driven.catalog.version, version)
  assert.equal(driven.change(deletes('next'), makes('next', 'v1'), switches('live', 'v2')), 'done')
  assert.deepEqual(driven.aliases, { live: 'v2', next: 'v1' })
  assert.equal(driven.catalog.version, version + 1n)
})

test('Aliases and collections share one name space, and an alias points to a collection.', () => {
  const driven = withTwoCollections()
  assert.equal(driven.change(makes('live', 'v1')), 'done')
  for (const [said, expected] of [
    [driven.change(makes('live', 'v2')), 'ALIAS_EXISTS: The alias "live" exists already.'],
    [driven.change(makes('v2', 'v1')), 'COLLECTION_EXISTS: There is a collection "v2" already.'],
    [driven.add('live'), 'ALIAS_EXISTS: There is an alias "live" already.'],
    [driven.change(makes('other', 'live')), 'COLLECTION_NOT_FOUND: There is no collection "live".'],
    [driven.change(switches('lvie', 'v2')), /^ALIAS_NOT_FOUND: .*Did you mean "live"\?$/],
    [driven.change(switches('live', 'v3')), /^COLLECTION_NOT_FOUND: .*Did you mean "v/],
  ] as const) {
    if (typeof expected === 'string') assert.equal(said, expected)
    else assert.match(said, expected)
  }
  assert.deepEqual(driven.aliases, { live: 'v1' })
})

test('A collection that an alias points to is not deleted, and no alias is for a collection.', () => {
  const driven = withTwoCollections()
  driven.change(makes('live', 'v1'), makes('also', 'v1'))
  assert.equal(
    driven.drop('v1'),
    'COLLECTION_HAS_ALIAS: The collection "v1" is what "also", "live" points to.',
  )
  assert.match(driven.drop('live'), /^COLLECTION_NOT_FOUND: "live" is an alias/)
  driven.change(switches('live', 'v2'), deletes('also'))
  assert.equal(driven.drop('v1'), 'done')
})

test('A project has so many aliases and no more; those of others do not count.', () => {
  const driven = withTwoCollections()
  driven.add('p/v1')
  for (let n = 0; n < LIMITS.aliasesPerProjectMax; n++) driven.change(makes(`a${n}`, 'v1'))
  assert.match(driven.change(makes('more', 'v1')), /^INVALID_ARGUMENT: The project has 1000/)
  assert.equal(driven.change(makes('p/more', 'p/v1')), 'done')
  assert.equal(driven.change(deletes('a0'), makes('more', 'v1')), 'done')
})

test('Aliases are in the snapshot, sorted; one of a release without them has none.', () => {
  const driven = withTwoCollections()
  driven.change(makes('b', 'v1'), makes('a', 'v2'))
  const bytes = toBinary(placement.CatalogStateSchema, driven.catalog.snapshot())
  const state = fromBinary(placement.CatalogStateSchema, bytes)
  assert.deepEqual(
    state.aliases.map(({ alias }) => alias),
    ['a', 'b'],
  )
  const restored = new Driven(new Catalog(state))
  assert.deepEqual(restored.aliases, { a: 'v2', b: 'v1' })
  assert.match(restored.drop('v1'), /^COLLECTION_HAS_ALIAS/)

  const older = fromBinary(placement.CatalogStateSchema, bytes)
  older.aliases = []
  const olderBytes = toBinary(placement.CatalogStateSchema, older)
  assert.ok(olderBytes.length < bytes.length)
  const read = new Driven(new Catalog(fromBinary(placement.CatalogStateSchema, olderBytes)))
  assert.deepEqual(read.aliases, {})
  assert.equal(read.drop('v1'), 'done')
})
