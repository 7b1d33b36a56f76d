import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { bytesEqual, seededRandom, testSeed } from '@vectron/base'
import { engine, vectron } from '@vectron/contracts'
import { encodeSearchRequest, type Query } from './search-request.ts'
import { encodeCommand, encodeUpsert } from './write-command.ts'

const RULE = create(vectron.FilterSchema, {
  must: [{ field: 'tenant', test: { case: 'exists', value: true } }],
})

test('Upserts written by hand are what the generated code writes, for random batches.', () => {
  const seed = testSeed()
  const random = seededRandom(seed)
  const bytesOf = (min: number, max: number) => {
    const bytes = new Uint8Array(min + random.nextBelow(max - min))
    random.fill(bytes)
    return bytes
  }
  for (let round = 0; round < 50; round++) {
    const points = Array.from({ length: random.nextBelow(20) }, (_, i) => ({
      id: ['a', 'ü', '😀'][i % 3]?.repeat(1 + random.nextBelow(200)) ?? '',
      vector: bytesOf(1, 20_000),
      payload: bytesOf(0, 300),
      ifVersion: [undefined, 0n, 1n << 40n][random.nextBelow(3)],
      expireMs: [undefined, 1, 2 ** 41 + 1][random.nextBelow(3)],
    }))
    const requestId = 'r'.repeat(random.nextBelow(150))
    const rowRule = [undefined, RULE][random.nextBelow(2)]
    const key = [undefined, { text: 'k'.repeat(150), fingerprint: bytesOf(16, 17) }][
      random.nextBelow(2)
    ]
    const timeMs = 1 + random.nextBelow(2 ** 31) * 1000
    const value = create(engine.UpsertPointsSchema, {
      points: points.map(({ ifVersion, expireMs = 0, ...point }) => ({
        ...point,
        ...(ifVersion === undefined ? {} : { ifVersion }),
        expireMs: BigInt(expireMs),
      })),
    })
    const command = create(engine.WriteCommandSchema, {
      requestId,
      command: { case: 'upsert', value },
      timeMs: BigInt(timeMs),
      ...(key === undefined ? {} : { key: key.text, fingerprint: key.fingerprint }),
      ...(rowRule === undefined ? {} : { rowRule }),
    })
    const expected = toBinary(engine.WriteCommandSchema, command)
    const encoded = encodeUpsert({ requestId, timeMs, rowRule, key }, points)
    assert.ok(bytesEqual(encoded, expected), `VECTRON_SEED=${seed}`)
  }
})

test('A search written by hand is decoded to the same fields, its filter spliced in as it came.', () => {
  const filter = create(vectron.FilterSchema, {
    must: [{ field: 'a', test: { case: 'exists', value: true } }],
  })
  const query: Query = {
    target: { kind: 'vector', vector: Uint8Array.of(1, 2, 3, 4) },
    topK: 7,
    filter: toBinary(vectron.FilterSchema, filter),
    withPayload: true,
    withVector: true,
    exact: true,
    targetRecall: 0.5,
    explain: true,
    excludeIds: ['x', 'y'],
    width: 300,
    trace: 'z',
  }
  const { trace: _, width: __, ...untraced } = query
  const plain: Query = {
    ...untraced,
    target: { kind: 'id', id: 'p' },
    filter: undefined,
    withPayload: false,
    withVector: false,
    exact: false,
    explain: false,
    excludeIds: [],
  }
  const [one, other] = [Uint8Array.of(1, 1, 1, 1), Uint8Array.of(2, 2, 2, 2)]
  const examples: Query = {
    ...plain,
    target: { kind: 'examples', positive: [one, other], negative: [other] },
  }
  const encoded = encodeSearchRequest([query, plain, examples], 1234.9, RULE)
  const decoded = fromBinary(engine.SearchRequestSchema, Uint8Array.from(encoded))
  const expected = create(engine.SearchRequestSchema, {
    budgetUs: 1234n,
    rowRule: RULE,
    queries: [
      {
        vector: Uint8Array.of(1, 2, 3, 4),
        topK: 7,
        filter,
        withPayload: true,
        withVector: true,
        exact: true,
        targetRecall: 0.5,
        explain: true,
        excludeIds: ['x', 'y'],
        width: 300,
        trace: 'z',
      },
      { id: 'p', topK: 7, targetRecall: 0.5 },
      {
        bestScore: { positive: [one, other], negative: [other] },
        topK: 7,
        targetRecall: 0.5,
      },
    ],
  })
  assert.deepEqual(decoded, expected)
})

test('A budget is at least a microsecond: nothing left must not mean no limit.', () => {
  const decoded = fromBinary(engine.SearchRequestSchema, encodeSearchRequest([], 0.2))
  assert.equal(decoded.budgetUs, 1n)
})

test('Other commands keep their request id, time and row rule.', () => {
  const value = create(engine.DeletePointsSchema, { ids: ['a'] })
  const key = { text: 'k', fingerprint: Uint8Array.of(7) }
  const head = { requestId: 'r', timeMs: 1234, rowRule: RULE, key }
  const encoded = encodeCommand(head, { case: 'delete', value })
  const decoded = fromBinary(engine.WriteCommandSchema, encoded)
  assert.equal(decoded.requestId, 'r')
  assert.equal(decoded.timeMs, 1234n)
  assert.deepEqual([decoded.key, decoded.fingerprint], [key.text, key.fingerprint])
  assert.deepEqual(decoded.rowRule, RULE)
  assert.deepEqual(decoded.command, { case: 'delete', value })
})
