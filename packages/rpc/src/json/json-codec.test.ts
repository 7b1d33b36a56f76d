// Proves that JSON and protobuf bytes say the same: random messages survive both ways, every form
// of plan.ts is read and written, and what is wrong is refused with its reason and its field.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { type ErrorReason, type Random, seededRandom, testSeed, VectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { jsonToMessage, messageToJson } from './json-codec.ts'
import { planMessage } from './plan.ts'

const nothingBound = new Map()

/** Reads JSON text as a message. */
function read<D extends DescMessage>(schema: D, json: string | Buffer): MessageShape<D> {
  const bytes = jsonToMessage(planMessage(schema), Buffer.from(json), nothingBound)
  return fromBinary(schema, bytes)
}

/** The JSON text of a message, parsed. */
function written<D extends DescMessage>(schema: D, init: MessageInitShape<D>): unknown {
  return JSON.parse(text(schema, init))
}

function text<D extends DescMessage>(schema: D, init: MessageInitShape<D>): string {
  const encoded = Buffer.from(toBinary(schema, create(schema, init)))
  return messageToJson(planMessage(schema), encoded).toString()
}

function refusal(schema: DescMessage, json: string | Buffer): VectronError {
  try {
    read(schema, json)
  } catch (error) {
    assert.ok(error instanceof VectronError, `${error}`)
    return error
  }
  throw assert.fail(`accepted: ${json}`)
}

const search = vectron.SearchRequestSchema

test('names, nested messages, lists and scalars are read', () => {
  const filter = {
    must: [{ field: 'pos', match: 'noun' }, { hasId: ['a', 'b'] }],
    must_not: [{ field: 'n', range: { gte: 1, lt: 2.5 } }, { filter: { should: [] } }],
  }
  const body = JSON.stringify({ id: 'x', top_k: 5, withPayload: false, filter, targetRecall: 0.9 })
  const message = read(search, body)
  assert.deepEqual(message.query, { case: 'id', value: 'x' })
  assert.equal(message.topK, 5)
  assert.equal(message.withPayload, false)
  assert.equal(message.targetRecall, Math.fround(0.9))
  const [noun, ids] = message.filter?.must ?? []
  assert.deepEqual(noun?.test.value, create(vectron.ScalarSchema, scalar('stringValue', 'noun')))
  assert.deepEqual(ids?.test.value, create(vectron.IdsSchema, { values: ['a', 'b'] }))
  const range = message.filter?.mustNot[0]?.test.value as vectron.Range
  assert.deepEqual(range.gte?.kind, { case: 'integerValue', value: 1n })
  assert.deepEqual(range.lt?.kind, { case: 'floatValue', value: 2.5 })
})

function scalar(kind: string, value: unknown): MessageInitShape<typeof vectron.ScalarSchema> {
  return { kind: { case: kind, value } } as MessageInitShape<typeof vectron.ScalarSchema>
}

test('a vector is an array of numbers or base64, and is written as an array', () => {
  const floats = [1, -2.5, 3e-8, 1e30, 0]
  const f32 = new Uint8Array(Float32Array.from(floats).buffer)
  const value = create(vectron.VectorSchema, { data: { case: 'f32', value: f32 } })
  const base64 = Buffer.from(f32).toString('base64')
  const forms = [JSON.stringify(floats), `"${base64}"`, `"${base64.replace(/\//g, '\\/')}"`]
  for (const form of [...forms, `"${base64.replace(/=+$/, '')}"`, '[ 1 ,-2.5,3E-8,1e+30, 0 ]']) {
    const { query } = read(search, `{"vector":${form}}`)
    assert.deepEqual(vectorBytes(query.value), f32, form)
  }
  const point = vectron.PointSchema
  const expected = [1, -2.5, 3e-8, 1e30, 0]
  assert.deepEqual(written(point, { id: 'a', vector: value }), {
    id: 'a',
    vector: expected,
    version: 0,
  })
  const packed = { data: { case: 'floats' as const, value: { values: floats } } }
  assert.deepEqual(written(point, { id: 'a', vector: packed }), {
    id: 'a',
    vector: expected,
    version: 0,
  })
})

function vectorBytes(vector: unknown): Uint8Array {
  const { data } = vector as vectron.Vector
  assert.equal(data.case, 'f32')
  return new Uint8Array(data.value as Uint8Array)
}

test('every f32 is written as a decimal that reads back as itself', () => {
  const { seed, random } = seeded()
  for (let i = 0; i < 2000; i++) {
    const bits = new Uint32Array([random.nextBelow(2 ** 32)])
    const [score] = new Float32Array(bits.buffer) as unknown as [number]
    if (!Number.isFinite(score)) continue
    const back = written(vectron.ScoredPointSchema, { id: 'a', score }) as { score: number }
    assert.equal(Math.fround(back.score), score, `seed ${seed}`)
  }
})

test('64-bit integers are numbers while they are exact, strings beyond; both are read', () => {
  const count = (value: bigint) => text(vectron.CountPointsResponseSchema, { count: value })
  assert.equal(count(0n), '{"count":0}')
  assert.equal(count(2n ** 53n - 1n), '{"count":9007199254740991}')
  assert.equal(count(2n ** 53n), '{"count":"9007199254740992"}')
  assert.equal(count(2n ** 64n - 1n), '{"count":"18446744073709551615"}')
  for (const form of ['"18446744073709551615"', '18446744073709551615']) {
    assert.equal(read(vectron.CountPointsResponseSchema, `{"count":${form}}`).count, 2n ** 64n - 1n)
  }
  assert.equal(read(vectron.CountPointsResponseSchema, '{"count":1e3}').count, 1000n)
  const negative = read(vectron.ConditionSchema, '{"match":-9223372036854775808}')
  assert.deepEqual((negative.test.value as vectron.Scalar).kind.value, -(2n ** 63n))
  const beyond = read(vectron.ConditionSchema, '{"match":9223372036854775808}')
  assert.deepEqual((beyond.test.value as vectron.Scalar).kind.value, 2 ** 63)
})

test('enums go by short names; long names and numbers are read', () => {
  const create = vectron.CreateCollectionRequestSchema
  for (const form of ['"l2"', '"L2"', '"METRIC_L2"', '3']) {
    assert.equal(read(create, `{"metric":${form}}`).metric, vectron.Metric.L2, form)
  }
  const body = { name: 'c', payloadSchema: { pos: 'keyword', n: 'integer' } }
  const { payloadSchema } = read(create, JSON.stringify(body))
  assert.deepEqual(payloadSchema, { pos: vectron.FieldType.KEYWORD, n: vectron.FieldType.INTEGER })
  const collection = written(vectron.CollectionSchema, { name: 'c', metric: 1, payloadSchema })
  assert.equal((collection as { metric: string }).metric, 'cosine')
  assert.deepEqual((collection as typeof body).payloadSchema, body.payloadSchema)
})

test('a payload is embedded as it is, and taken without its white space', () => {
  const payload = '{"n":1.0,"big":12345678901234567890,"s":"a \\"b\\" c","list":[1, 2]}'
  assert.equal(
    text(vectron.PointSchema, { id: 'a', payload }),
    `{"id":"a","payload":${payload},"version":0}`,
  )
  const spaced = '{"payload": { "n" : 1.0,\n "s" : "x \\\\ \\" y" , "l":[ 1 , {} ] } }'
  const read1 = read(vectron.PointInputSchema, spaced).payload
  assert.equal(read1, '{"n":1.0,"s":"x \\\\ \\" y","l":[1,{}]}')
  assert.equal(text(vectron.PointSchema, { id: 'a' }), '{"id":"a","version":0}')
})

test('answers hold defaults, and leave out absent messages and optionals', () => {
  assert.deepEqual(written(vectron.SearchResponseSchema, {}), {
    results: [],
    exact: false,
    complete: false,
    shardsTotal: 0,
    shardsAnswered: 0,
    warnings: [],
    plans: [],
    tookUs: 0,
    missing: [],
    nextPageToken: '',
    groups: [],
    legs: [],
  })
  assert.deepEqual(written(vectron.DeleteCollectionResponseSchema, {}), {})
})

test('strings are escaped, and null stands for an absent field', () => {
  const id = 'a"b\\c\n\t\u0001\u2028é🐶'
  assert.equal((written(vectron.PointSchema, { id }) as { id: string }).id, id)
  assert.equal(read(vectron.GetPointRequestSchema, JSON.stringify({ id })).id, id)
  const escaped = '{"id":"\\u0061\\ud83d\\udc36\\/"}'
  assert.equal(read(vectron.GetPointRequestSchema, escaped).id, 'a🐶/')
  const nulls = read(search, '{"filter":null,"topK":null,"vector":null,"id":"x"}')
  assert.equal(nulls.filter, undefined)
  assert.equal(nulls.query.case, 'id')
})

test('each mistake has its reason and its field', () => {
  const cases: [string, ErrorReason, string | undefined][] = [
    ['', 'INVALID_JSON', undefined],
    ['{', 'INVALID_JSON', undefined],
    ['{} {}', 'INVALID_JSON', undefined],
    ['[]', 'FIELD_TYPE_MISMATCH', undefined],
    ['null', 'FIELD_TYPE_MISMATCH', undefined],
    ["{'id':1}", 'INVALID_JSON', undefined],
    ['{"id":"a",}', 'INVALID_JSON', undefined],
    ['{"id":"a" "exact":true}', 'INVALID_JSON', undefined],
    ['{"id":"a}', 'INVALID_JSON', 'id'],
    ['{"id":"a\nb"}', 'INVALID_JSON', 'id'],
    ['{"id":"\\x"}', 'INVALID_JSON', 'id'],
    ['{"id":"\\ud800"}', 'INVALID_UTF8', 'id'],
    ['{"id":"\\udc00\\ud800"}', 'INVALID_UTF8', 'id'],
    ['{"id":7}', 'FIELD_TYPE_MISMATCH', 'id'],
    ['{"exact":1}', 'FIELD_TYPE_MISMATCH', 'exact'],
    ['{"exact":flase}', 'INVALID_JSON', 'exact'],
    ['{"topK":"5"}', 'FIELD_TYPE_MISMATCH', 'topK'],
    ['{"topK":-1}', 'FIELD_TYPE_MISMATCH', 'topK'],
    ['{"topK":1.5}', 'FIELD_TYPE_MISMATCH', 'topK'],
    ['{"topK":4294967296}', 'FIELD_TYPE_MISMATCH', 'topK'],
    ['{"topK":01}', 'INVALID_JSON', 'topK'],
    ['{"topK":1e}', 'INVALID_JSON', 'topK'],
    ['{"topK":.5}', 'INVALID_JSON', 'topK'],
    ['{"topK":1,"topK":2}', 'INVALID_JSON', 'topK'],
    ['{"topK":1,"top_k":2}', 'INVALID_JSON', 'top_k'],
    ['{"targetRecall":1e39}', 'FIELD_TYPE_MISMATCH', 'targetRecall'],
    ['{"targetRecall":NaN}', 'INVALID_JSON', 'targetRecall'],
    ['{"vectr":[1]}', 'UNKNOWN_FIELD', 'vectr'],
    ['{"filter":{"most":[]}}', 'UNKNOWN_FIELD', 'filter.most'],
    ['{"filter":{"must":{}}}', 'FIELD_TYPE_MISMATCH', 'filter.must'],
    ['{"filter":{"must":[{"match":[]}]}}', 'FIELD_TYPE_MISMATCH', 'filter.must[0].match'],
    [
      '{"filter":{"must":[{},{"matchAny":[1,null]}]}}',
      'FIELD_TYPE_MISMATCH',
      'filter.must[1].matchAny[1]',
    ],
    [
      '{"filter":{"must":[{"match":1,"exists":true}]}}',
      'INVALID_ARGUMENT',
      'filter.must[0].exists',
    ],
    ['{"id":"a","text":"b"}', 'INVALID_ARGUMENT', 'text'],
    ['{"consistency":"strnog"}', 'FIELD_TYPE_MISMATCH', 'consistency'],
    ['{"consistency":9}', 'FIELD_TYPE_MISMATCH', 'consistency'],
    ['{"vector":{}}', 'INVALID_VECTOR', 'vector'],
    ['{"vector":"%%%%"}', 'INVALID_VECTOR', 'vector'],
    ['{"vector":"AAAAA"}', 'INVALID_VECTOR', 'vector'],
    ['{"vector":[1,"2"]}', 'INVALID_VECTOR', 'vector[1]'],
    ['{"vector":[1,null]}', 'INVALID_VECTOR', 'vector[1]'],
    ['{"vector":[1,[2]]}', 'INVALID_VECTOR', 'vector[1]'],
    ['{"vector":[1,NaN]}', 'NOT_FINITE', 'vector[1]'],
    ['{"vector":[-Infinity]}', 'NOT_FINITE', 'vector[0]'],
    ['{"vector":[1,2,1e39]}', 'NOT_FINITE', 'vector[2]'],
    ['{"vector":[1e999]}', 'NOT_FINITE', 'vector[0]'],
    ['{"vector":[1,2', 'INVALID_JSON', 'vector'],
    ['{"vector":[1,]}', 'INVALID_JSON', 'vector'],
  ]
  for (const [json, reason, field] of cases) {
    const error = refusal(search, json)
    assert.equal(error.reason, reason, `${json}: ${error.message}`)
    assert.equal(error.field, field, `${json}: ${error.message}`)
  }
})

test('messages help: did you mean, and where the JSON breaks', () => {
  assert.match(refusal(search, '{"vectr":[1]}').message, /Did you mean "vector"\?/)
  assert.match(refusal(search, '{"consistency":"strnog"}').message, /Did you mean "strong"\?/)
  assert.match(refusal(search, '{"topK":5,}').message, /byte 10/)
})

test('bytes that are no UTF-8 and JSON nested too deeply are refused', () => {
  const invalid = Buffer.concat([Buffer.from('{"id":"'), Buffer.of(0xc3, 0x28), Buffer.from('"}')])
  assert.equal(refusal(search, invalid).reason, 'INVALID_UTF8')
  const deep = `{"payload":${'['.repeat(100_000)}`
  assert.equal(refusal(vectron.PointInputSchema, deep).reason, 'JSON_TOO_DEEP')
  const filter = '{"filter":{"must":['.repeat(30)
  assert.equal(refusal(vectron.ConditionSchema, filter).reason, 'JSON_TOO_DEEP')
})

test('random messages survive the way to JSON and back', () => {
  const { seed, random } = seeded()
  for (let i = 0; i < 300; i++) {
    const message = create(search, randomSearch(random))
    const json = text(search, message)
    const back = read(search, json)
    assert.deepEqual(toBinary(search, back), toBinary(search, message), `seed ${seed}: ${json}`)
  }
})

test('random damage to a body never does anything but refuse it', () => {
  const { seed, random } = seeded()
  const sound = text(search, randomSearch(random))
  for (let i = 0; i < 3000; i++) {
    const damaged = Buffer.from(sound)
    for (let n = 0; n < 3; n++) {
      damaged[random.nextBelow(damaged.length)] = random.nextBelow(256)
    }
    try {
      read(search, damaged)
    } catch (error) {
      assert.ok(error instanceof VectronError, `seed ${seed}: ${damaged}: ${error}`)
      assert.ok(error.row.http === 400, `seed ${seed}: ${damaged}`)
    }
  }
})

function seeded(): { seed: bigint; random: Random } {
  const seed = testSeed()
  return { seed, random: seededRandom(seed) }
}

function randomSearch(random: Random): MessageInitShape<typeof search> {
  const int = (below: number) => random.nextBelow(below)
  const name = () => ['a', 'ä"\\', '日本', 'x.y', '🐶\n'][int(5)] as string
  const f32 = Buffer.from(
    Float32Array.from({ length: 1 + int(9) }, () => random.nextFloat()).buffer,
  )
  const kinds = () =>
    [
      scalar('stringValue', name()),
      scalar('integerValue', BigInt(int(2 ** 50)) - 2n ** 49n),
      scalar('floatValue', random.nextFloat() + 0.001),
      scalar('boolValue', int(2) === 0),
    ][int(4)] as MessageInitShape<typeof vectron.ScalarSchema>
  const condition = (depth: number): MessageInitShape<typeof vectron.ConditionSchema> => {
    const tests = [
      { case: 'match', value: kinds() },
      { case: 'matchAny', value: { values: [kinds(), kinds()] } },
      { case: 'range', value: { gte: kinds(), lt: kinds() } },
      { case: 'exists', value: int(2) === 0 },
      { case: 'hasId', value: { values: [name()] } },
      { case: 'filter', value: depth > 3 ? {} : { must: [condition(depth + 1)] } },
    ]
    return { field: name(), test: tests[int(tests.length)] as never }
  }
  return {
    collection: name(),
    query: { case: 'vector', value: { data: { case: 'f32', value: f32 } } },
    topK: int(100),
    filter: { must: [condition(0), condition(0)], mustNot: [condition(0)] },
    withVector: int(2) === 0,
    consistency: int(4),
    targetRecall: Math.fround(random.nextFloat()),
  }
}
