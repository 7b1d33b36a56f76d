import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { vectron } from '@vectron/contracts'
import {
  declarePartitionKey,
  type PartitionKey,
  partitionKeyOf,
  partitionOfUpdate,
  partitionsOf,
  takePartition,
} from './partition-key.ts'

const { KEYWORD, INTEGER, FLOAT } = vectron.FieldType
const tenant: PartitionKey = { field: 'tenant', type: KEYWORD }
const year: PartitionKey = { field: 'year', type: INTEGER }
const path = () => 'points[3].payload'

type ConditionInit = MessageInitShape<typeof vectron.ConditionSchema>

function pinned(key: PartitionKey, filter: MessageInitShape<typeof vectron.FilterSchema>) {
  return partitionsOf(key, [create(vectron.FilterSchema, filter)])
}

function scalar(value: string | bigint | number | boolean) {
  switch (typeof value) {
    case 'string':
      return { kind: { case: 'stringValue', value } } as const
    case 'bigint':
      return { kind: { case: 'integerValue', value } } as const
    case 'number':
      return { kind: { case: 'floatValue', value } } as const
    default:
      return { kind: { case: 'boolValue', value } } as const
  }
}

function match(field: string, value: string | bigint | number | boolean): ConditionInit {
  return { field, test: { case: 'match', value: scalar(value) } }
}

function matchAny(field: string, ...values: (string | bigint)[]): ConditionInit {
  return { field, test: { case: 'matchAny', value: { values: values.map(scalar) } } }
}

test('A partition key is declared as a keyword where the schema does not declare it.', () => {
  assert.deepEqual(declarePartitionKey({ n: FLOAT }, 'tenant'), { n: FLOAT, tenant: KEYWORD })
  assert.deepEqual(declarePartitionKey({ year: INTEGER }, 'year'), { year: INTEGER })
  assert.deepEqual(declarePartitionKey({ n: FLOAT }, ''), { n: FLOAT })
  const field = 'partitionKey'
  assert.throws(() => declarePartitionKey({ n: FLOAT }, 'n'), { field, message: /declared float/ })
  assert.throws(() => declarePartitionKey({}, 'a.b'), { field, message: /nested/ })
})

test('The key of a collection has the type that the schema gives it.', () => {
  const collection = (partitionKey: string) =>
    create(vectron.CollectionSchema, { partitionKey, payloadSchema: { year: INTEGER } })
  assert.deepEqual(partitionKeyOf(collection('year')), year)
  assert.deepEqual(partitionKeyOf(collection('tenant')), tenant)
  assert.equal(partitionKeyOf(collection('')), undefined)
})

test('Every point must have one value of the key, of its type.', () => {
  assert.equal(takePartition(tenant, { tenant: 'acme' }, path), 'acme')
  assert.equal(takePartition(year, { year: 1e3 }, path), 1000)
  const field = 'points[3].payload.tenant'
  for (const payload of [undefined, {}, { tenant: null }]) {
    assert.throws(() => takePartition(tenant, payload, path), { reason: 'MISSING_FIELD', field })
  }
  for (const value of [1, ['a'], { a: 1 }, true]) {
    const reason = 'PAYLOAD_TYPE_MISMATCH'
    assert.throws(() => takePartition(tenant, { tenant: value }, path), { reason, field })
  }
  assert.throws(() => takePartition(year, { year: 1.5 }, path), { reason: 'PAYLOAD_TYPE_MISMATCH' })
  assert.throws(() => takePartition(tenant, JSON.parse('{"__proto__":{"tenant":"x"}}'), path), {
    reason: 'MISSING_FIELD',
  })
})

test('A filter pins what all of its matches must have, and nothing else.', () => {
  assert.deepEqual(pinned(tenant, { must: [match('tenant', 'a')] }), ['a'])
  assert.deepEqual(pinned(tenant, { must: [match('x', 'y'), matchAny('tenant', 'a', 'b')] }), [
    'a',
    'b',
  ])
  assert.deepEqual(pinned(tenant, { must: [matchAny('tenant', 'a', 'b'), match('tenant', 'c')] }), [
    'c',
  ])
  const nested = { must: [match('tenant', 'a')] }
  assert.deepEqual(pinned(tenant, { must: [{ test: { case: 'filter', value: nested } }] }), ['a'])
  const loose: MessageInitShape<typeof vectron.FilterSchema>[] = [
    {},
    { should: [match('tenant', 'a')] },
    { mustNot: [match('tenant', 'a')] },
    { must: [match('other', 'a')] },
    { must: [matchAny('tenant')] },
    { must: [{ test: { case: 'filter', value: { should: [match('tenant', 'a')] } } }] },
    { must: [{ field: 'tenant', test: { case: 'exists', value: true } }] },
  ]
  for (const filter of loose) assert.equal(pinned(tenant, filter), undefined)
})

test('A value in a filter pins the partition of the same value in a payload, whatever its form.', () => {
  for (const value of [7n, 7]) {
    assert.deepEqual(pinned(year, { must: [match('year', value)] }), [
      takePartition(year, JSON.parse('{"year":7.0}'), path),
    ])
  }
  const large = '{"year":9007199254740993}'
  assert.deepEqual(pinned(year, { must: [match('year', 9007199254740993n)] }), [
    takePartition(year, JSON.parse(large), path),
  ])
})

test('A value of another type pins nothing: the engine refuses it, or finds nothing.', () => {
  assert.equal(pinned(tenant, { must: [match('tenant', 7n)] }), undefined)
  assert.equal(pinned(year, { must: [match('year', '7')] }), undefined)
  assert.equal(pinned(year, { must: [match('year', 7.5)] }), undefined)
})

test('A payload update keeps points in their partition.', () => {
  const update = { set: { n: 1 }, remove: [], replace: false }
  assert.equal(partitionOfUpdate(tenant, update), undefined)
  const refused = { reason: 'INVALID_ARGUMENT' }
  assert.throws(() => partitionOfUpdate(tenant, { ...update, set: { tenant: 'b' } }), refused)
  assert.throws(() => partitionOfUpdate(tenant, { ...update, remove: ['tenant'] }), refused)
  const replaced = { ...update, replace: true }
  assert.equal(partitionOfUpdate(tenant, { ...replaced, set: { tenant: 'b' } }), 'b')
  assert.throws(() => partitionOfUpdate(tenant, replaced), { reason: 'MISSING_FIELD' })
})
