import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { bytesEqual, seededRandom, testSeed } from '@vectron/base'
import { placement, vectron } from '@vectron/contracts'
import { Catalog, type CatalogResult, nameOf } from './catalog.ts'
import { planCollection, tileRanges } from './plan-collection.ts'

type Command = MessageInitShape<typeof placement.CatalogCommandSchema>['command']

/** A catalog driven command by command, whose answers are written down line by line. */
class Script {
  readonly catalog = new Catalog()
  readonly lines: string[] = []
  #index = 0n

  run(command: NonNullable<Command>): CatalogResult {
    this.#index += 1n
    const message = create(placement.CatalogCommandSchema, { timeMs: 1_000n, command })
    const result = this.catalog.apply(this.#index, message)
    this.lines.push(`> ${command.case}`, `  ${formatResult(result)}`)
    return result
  }

  addWorker(address: string): void {
    this.run({ case: 'addWorker', value: { address } })
  }

  addCollection(name: string, shardCount: number, workers: readonly bigint[]): CatalogResult {
    const shards = tileRanges(shardCount).map((range) => ({ ...range, workerIds: [...workers] }))
    const collection = { name, dimension: 3, payloadSchema: { a: vectron.FieldType.KEYWORD } }
    return this.run({ case: 'addCollection', value: { collection, shards } })
  }
}

function formatResult(result: CatalogResult): string {
  switch (result.kind) {
    case 'done':
      return 'done'
    case 'worker':
      return `worker ${result.workerId}`
    case 'replica':
      return `replica ${result.replicaId}`
    case 'preset': {
      const { name, strategy, version } = result.preset
      return `preset ${name} ${strategy} v${version}`
    }
    case 'refused':
      return `refused ${result.reason}: ${result.message}`
    case 'collection': {
      const { collection, schemaVersion, shards } = result.collection
      const places = shards.map(({ shardId, replicas }) => {
        const hosts = replicas.map(({ replicaId, workerId }) => `${replicaId}@${workerId}`)
        return `${shardId}:${hosts.join('+')}`
      })
      return `${collection?.name} etag ${collection?.etag} schema ${schemaVersion} [${places.join(' ')}]`
    }
  }
}

test('A script of commands gives exactly these answers; ids are never handed out twice.', () => {
  const script = new Script()
  script.run({ case: 'initializeCluster', value: { clusterId: 'first' } })
  script.run({ case: 'initializeCluster', value: { clusterId: 'second' } })
  script.addWorker('a:1')
  script.addWorker('b:1')
  script.addCollection('words', 2, [1n, 2n])
  script.addCollection('words', 1, [1n])
  script.run({ case: 'dropCollection', value: { name: 'words' } })
  script.run({ case: 'dropCollection', value: { name: 'words' } })
  script.addCollection('words', 1, [2n])
  script.run({
    case: 'changeCollection',
    value: { name: 'words', payloadSchema: { b: vectron.FieldType.BOOL } },
  })
  script.run({ case: 'changeCollection', value: { name: 'words', description: 'new' } })
  script.run({
    case: 'changeCollection',
    value: { name: 'words', payloadSchema: { a: vectron.FieldType.BOOL } },
  })
  script.run({ case: 'changeCollection', value: { name: 'wrods', description: 'new' } })
  script.run({ case: 'setWorkerAddress', value: { workerId: 2n, address: 'b:2' } })
  script.run({ case: 'setWorkerAddress', value: { workerId: 9n, address: 'x' } })
  assert.deepEqual(script.lines, [
    '> initializeCluster',
    '  done',
    '> initializeCluster',
    '  done',
    '> addWorker',
    '  worker 1',
    '> addWorker',
    '  worker 2',
    '> addCollection',
    '  words etag 5 schema 1 [1:1@1+2@2 2:3@1+4@2]',
    '> addCollection',
    '  refused COLLECTION_EXISTS: The collection "words" exists already.',
    '> dropCollection',
    '  done',
    '> dropCollection',
    '  refused COLLECTION_NOT_FOUND: There is no collection "words".',
    '> addCollection',
    '  words etag 7 schema 1 [3:5@2]',
    '> changeCollection',
    '  words etag 8 schema 2 [3:5@2]',
    '> changeCollection',
    '  words etag 9 schema 2 [3:5@2]',
    '> changeCollection',
    '  refused SCHEMA_CONFLICT: The payload field "a" is declared as KEYWORD; its type cannot change.',
    '> changeCollection',
    '  refused COLLECTION_NOT_FOUND: There is no collection "wrods". Did you mean "words"?',
    '> setWorkerAddress',
    '  worker 2',
    '> setWorkerAddress',
    '  refused WRONG_CLUSTER: There is no worker 9.',
  ])
  assert.equal(script.catalog.clusterId, 'first')
  assert.equal(script.catalog.version, 10n)
  assert.equal(script.catalog.appliedIndex, 15n)
})

test('A catalog from a snapshot goes on exactly like the one that it was taken of.', () => {
  const seed = testSeed()
  const random = seededRandom(seed)
  for (let round = 0; round < 20; round++) {
    const script = new Script()
    for (let i = 0; i < 30; i++) randomCommand(script, random.nextBelow(4), random.nextBelow(5))
    const bytes = toBinary(placement.CatalogStateSchema, script.catalog.snapshot())
    const restored = new Catalog(fromBinary(placement.CatalogStateSchema, bytes))
    const next = create(placement.CatalogCommandSchema, {
      command: { case: 'addWorker', value: { address: 'n' } },
    })
    assert.deepEqual(restored.apply(31n, next), script.catalog.apply(31n, next))
    const after = [restored, script.catalog].map((catalog) =>
      toBinary(placement.CatalogStateSchema, catalog.snapshot()),
    )
    assert.ok(bytesEqual(after[0]!, after[1]!), `VECTRON_SEED=${seed}`)
  }
})

function randomCommand(script: Script, kind: number, which: number): void {
  const name = `c${which}`
  if (kind === 0) script.addWorker(`w${which}`)
  else if (kind === 1) script.run({ case: 'dropCollection', value: { name } })
  else script.addCollection(name, which + 1, [1n])
}

test('Shards go to the workers with the fewest replicas, each led by another; ranges tile the space.', () => {
  const plan = planCollection({
    shardCount: 3,
    replicationFactor: 2,
    searchReplicas: 0,
    workers: [
      { workerId: 1n, zone: '', replicas: 5, leaders: 0 },
      { workerId: 2n, zone: '', replicas: 0, leaders: 0 },
      { workerId: 3n, zone: '', replicas: 1, leaders: 0 },
    ],
  })
  assert.deepEqual(
    plan.shards.map(({ workerIds }) => workerIds),
    [
      [2n, 3n],
      [3n, 2n],
      [2n, 3n],
    ],
  )
  const [first, second, third] = plan.shards
  assert.equal(first?.rangeStart, 0n)
  assert.equal(first?.rangeEnd, second?.rangeStart)
  assert.equal(second?.rangeEnd, third?.rangeStart)
  assert.equal(third?.rangeEnd, 0n)
})

test('Without numbers a collection gets a shard for each worker and up to three replicas.', () => {
  const workers = [1n, 2n, 3n, 4n].map((workerId) => ({
    workerId,
    zone: '',
    replicas: 0,
    leaders: 0,
  }))
  const large = planCollection({
    shardCount: 0,
    replicationFactor: 0,
    searchReplicas: 0,
    workers,
  })
  assert.equal(large.shards.length, 4)
  assert.equal(large.replicationFactor, 3)
  const hosts = new Set(large.shards.flatMap(({ workerIds }) => workerIds))
  assert.equal(hosts.size, 4)
  const small = planCollection({
    shardCount: 0,
    replicationFactor: 0,
    searchReplicas: 0,
    workers: workers.slice(0, 1),
  })
  assert.equal(small.shards.length, 1)
  assert.equal(small.replicationFactor, 1)
})

test("More replicas than workers are refused, and no worker at all is not the caller's fault.", () => {
  const one = [{ workerId: 1n, zone: '', replicas: 0, leaders: 0 }]
  const plan = (workers: typeof one, replicationFactor: number, searchReplicas: number) => () =>
    planCollection({ shardCount: 1, replicationFactor, searchReplicas, workers })
  assert.throws(plan(one, 3, 0), { reason: 'INVALID_ARGUMENT', field: 'replicationFactor' })
  assert.throws(plan(one, 1, 1), { reason: 'INVALID_ARGUMENT', field: 'searchReplicas' })
  assert.throws(plan([], 1, 0), { reason: 'UNAVAILABLE' })
})

test('Voters are spread over zones first; those that only serve searches go where fewest are.', () => {
  const workers = ['a', 'a', 'b', 'b', 'c'].map((zone, place) => {
    return { workerId: BigInt(place + 1), zone, replicas: 0, leaders: 0 }
  })
  const { shards } = planCollection({
    shardCount: 1,
    replicationFactor: 2,
    searchReplicas: 2,
    workers,
  })
  assert.deepEqual(shards[0]?.workerIds, [1n, 3n])
  assert.deepEqual(shards[0]?.searchWorkerIds, [5n, 2n])
})

test('Collections are kept by name.', () => {
  const script = new Script()
  script.addCollection('b', 1, [1n])
  script.addCollection('a', 1, [1n])
  assert.deepEqual(script.catalog.snapshot().collections.map(nameOf), ['a', 'b'])
})
