// Proves that every mistake a caller can make is refused with its row of docs/ERRORS.md over both
// protocols, that none is a 5xx or reaches the error log, and that the server goes on after each.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { type ErrorReason, isVectronError, LIMITS, REASONS, reasonRow } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { GrpcChannel, type OpenApiDocument } from '@vectron/rpc'
import type { Json } from './exchanges.ts'
import { callBytes } from './raw-grpc.ts'
import { LETTERS, startTestVectron, type TestVectron } from './running-vectron.ts'
import { SEARCH_MISTAKES } from './search-mistakes.ts'
import { askGrpc, askHttp, type DocumentedOperation, operationsOf } from './speak.ts'

/** How one protocol makes the mistake. */
type Http = () => Promise<Response>
type Grpc = () => Promise<unknown>

interface Mistake {
  readonly reason: ErrorReason
  readonly name: string
  /** A string says why the protocol cannot make this mistake. */
  readonly http: Http | string
  readonly grpc: Grpc | string
  /** The field that the error names. */
  readonly field?: string
}

let running: TestVectron
let operations: DocumentedOperation[]
let anonymous: GrpcChannel
let stranger: GrpcChannel

before(async () => {
  running = await startTestVectron()
  const document = await (await fetch(`${running.url}/openapi.json`)).json()
  operations = operationsOf(document as OpenApiDocument)
  anonymous = new GrpcChannel(running.grpcAddress)
  stranger = new GrpcChannel(running.grpcAddress, { headers: { 'x-api-key': wrongKey } })
  const payloadSchema = { n: 'integer', tag: 'keyword', at: 'datetime' }
  await speak('createCollection', { name: 'plain', dimension: 3, payloadSchema })
  await speak('createCollection', { name: 'dots', dimension: 1, metric: 'dot' })
  await speak('createCollection', { name: 'texts', embedder: LETTERS.name })
  await speak('updateAliases', { actions: [{ create: { alias: 'plain-alias', collection } }] })
  const payload = { n: 1, tag: 'a' }
  await speak('upsertPoints', {
    collection: 'plain',
    points: [{ id: 'here', vector: [1, 2, 3], payload }],
  })
})

after(async () => {
  anonymous.close()
  stranger.close()
  await running.close()
})

const wrongKey = 'vk_dev_AAAAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const collection = 'plain'
const noJson = 'protobuf is not JSON'
const typed = 'protobuf fields are typed'

function speak(operation: string, request: Json): Promise<unknown[]> {
  return askGrpc(running.channel, operation, [request])
}

function overHttp(id: string, request: Json, headers?: Record<string, string>): Promise<Response> {
  const operation = operations.find((each) => each.id === id)
  assert.ok(operation, id)
  const target = { url: running.url, headers: headers ?? { 'x-api-key': running.key } }
  return askHttp(target, operation, [request])
}

/** The same mistake over both protocols. */
function both(reason: ErrorReason, operation: string, request: Json, field?: string): Mistake {
  const name = `${reason} ${operation} ${JSON.stringify(request).slice(0, 90)}`
  return {
    reason,
    name,
    http: () => overHttp(operation, request),
    grpc: () => speak(operation, request),
    ...(field === undefined ? {} : { field }),
  }
}

/** A mistake in the text of a body. */
function inJson(reason: ErrorReason, body: string | Buffer, field?: string, why = noJson): Mistake {
  return {
    reason,
    name: `${reason} ${body.toString('latin1').slice(0, 90)}`,
    http: () => postRaw('/v1/collections/plain/points:search', body),
    grpc: why,
    ...(field === undefined ? {} : { field }),
  }
}

function postRaw(
  path: string,
  body: string | Buffer,
  contentType = 'application/json',
): Promise<Response> {
  const headers = { 'content-type': contentType, 'x-api-key': running.key }
  return fetch(running.url + path, {
    method: 'POST',
    body: new Uint8Array(Buffer.from(body)),
    headers,
  })
}

function grpcBytes(bytes: number[], path = '/vectron.v1.Search/Search'): Promise<unknown> {
  return callBytes({ address: running.grpcAddress, path, key: running.key }, Buffer.from(bytes))
}

function base64(...components: number[]): string {
  return Buffer.from(Float32Array.from(components).buffer).toString('base64')
}

function search(request: { [name: string]: Json }): Json {
  return { collection, vector: [1, 2, 3], ...request }
}

function alias(kind: 'create' | 'switch', name: string, target: string): Json {
  return { actions: [{ [kind]: { alias: name, collection: target } }] }
}

function upsert(...points: Json[]): Json {
  return { collection, points }
}

const deep = `{"payload":${'{"a":'.repeat(80)}1${'}'.repeat(80)}}`
const deepPayload = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`
const manyIds = Array.from({ length: LIMITS.batchPointsMax + 1 }, (_, i) => `p${i}`)
const manyActions = Array.from({ length: LIMITS.aliasActionsMax + 1 }, () => ({
  delete: { alias: 'plain-alias' },
}))
const vector: Json = [1, 2, 3]

function rerankMistakes(): Mistake[] {
  const refuses = (reason: ErrorReason, rerank: Json, field: string) =>
    both(reason, 'search', search({ rerank }), `rerank.${field}`)
  const rules = [{ kind: 'phrase', fields: ['a'], boost: 'much' }]
  const preset = { collection, preset: 'p', strategy: 'mmr' }
  return [
    refuses('MISSING_FIELD', {}, 'strategy'),
    refuses('INVALID_ARGUMENT', { strategy: 'rulez' }, 'strategy'),
    refuses('INVALID_ARGUMENT', { strategy: 'mmr', limit: 5 }, 'limit'),
    refuses('INVALID_ARGUMENT', { strategy: 'mmr', limit: 1001 }, 'limit'),
    refuses('INVALID_ARGUMENT', { strategy: 'mmr', timeoutMs: 0 }, 'timeoutMs'),
    refuses('INVALID_ARGUMENT', { strategy: 'mmr', preset: 'p' }, 'preset'),
    refuses('RERANK_PRESET_NOT_FOUND', { preset: 'nonesuch' }, 'preset'),
    refuses(
      'INVALID_ARGUMENT',
      { strategy: 'mmr', parameters: { lambda: 2 } },
      'parameters.lambda',
    ),
    refuses(
      'FIELD_TYPE_MISMATCH',
      { strategy: 'rules', parameters: { rules } },
      'parameters.rules[0].boost',
    ),
    both(
      'INVALID_ARGUMENT',
      'search',
      search({ rerank: { strategy: 'mmr' }, whyNot: 'a' }),
      'whyNot',
    ),
    both('INVALID_NAME', 'setRerankPreset', { ...preset, preset: 'A b' }, 'preset'),
    both('MISSING_FIELD', 'setRerankPreset', { ...preset, strategy: '' }, 'strategy'),
    both('INVALID_ARGUMENT', 'setRerankPreset', { ...preset, strategy: 'mrm' }, 'strategy'),
    both(
      'UNKNOWN_FIELD',
      'setRerankPreset',
      { ...preset, parameters: { lambada: 0.5 } },
      'parameters.lambada',
    ),
    both('RERANK_PRESET_NOT_FOUND', 'deleteRerankPreset', { collection, preset: 'nonesuch' }),
  ]
}

const mistakes: Mistake[] = [
  // The shape of a request.
  both('INVALID_ARGUMENT', 'createCollection', { name: 'wide', dimension: 99_999 }, 'dimension'),
  both(
    'INVALID_ARGUMENT',
    'createCollection',
    { name: 'more', dimension: 3, searchReplicas: LIMITS.searchReplicasMax + 1 },
    'searchReplicas',
  ),
  // The one worker has the voter.
  both(
    'INVALID_ARGUMENT',
    'createCollection',
    { name: 'more', dimension: 3, searchReplicas: 1 },
    'searchReplicas',
  ),
  both('INVALID_ARGUMENT', 'updateCollection', { collection, searchReplicas: 1 }, 'searchReplicas'),
  both('INVALID_ARGUMENT', 'search', search({ timeoutMs: 0 }), 'timeoutMs'),
  both('INVALID_ARGUMENT', 'search', search({ targetRecall: 2 }), 'targetRecall'),
  ...rerankMistakes(),
  inJson('INVALID_JSON', '{"vector":[1,2,'),
  inJson('INVALID_JSON', 'not json at all'),
  inJson('INVALID_JSON', '{"topK":1,"topK":2}'),
  inJson('INVALID_JSON', '{} trailing'),
  {
    ...inJson('JSON_TOO_DEEP', ''),
    name: 'JSON_TOO_DEEP',
    http: () => postRaw('/v1/collections/plain/points:upsert', `{"points":[${deep}]}`),
    grpc: 'a payload too deep is INVALID_PAYLOAD there',
  },
  {
    ...inJson('INVALID_UTF8', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])),
    grpc: () => grpcBytes([0x0a, 0x02, 0xc3, 0x28]),
  },
  {
    reason: 'INVALID_PROTOBUF',
    name: 'INVALID_PROTOBUF',
    http: 'JSON is not protobuf',
    grpc: () => grpcBytes([0x0a, 0x7f, 0x01]),
  },
  inJson('UNKNOWN_FIELD', '{"vectr":[1,2,3]}', 'vectr', 'protobuf skips unknown fields'),
  inJson('FIELD_TYPE_MISMATCH', '{"topK":"many"}', 'topK', typed),
  inJson('FIELD_TYPE_MISMATCH', '{"topK":-1}', 'topK', typed),
  inJson('FIELD_TYPE_MISMATCH', '{"consistency":"strnog"}', 'consistency', typed),
  both(
    'VERSION_MISMATCH',
    'upsertPoints',
    upsert({ id: 'new', vector }, { id: 'here', vector, ifVersion: 0 }),
  ),
  both('VERSION_MISMATCH', 'deletePoints', { collection, ids: ['no such'], ifVersion: 3 }),
  both('VERSION_MISMATCH', 'updatePayload', {
    collection,
    ids: ['here'],
    set: { n: 2 },
    ifVersion: 1_000_000,
  }),
  both(
    'INVALID_ARGUMENT',
    'upsertPoints',
    upsert({ id: 'a', vector }, { id: 'a', vector, ifVersion: 0 }),
    'points[1].id',
  ),
  both(
    'INVALID_ARGUMENT',
    'upsertPoints',
    upsert({ id: 'a', vector, ifVersion: `${2n ** 60n}` }),
    'points[0].ifVersion',
  ),
  both(
    'INVALID_ARGUMENT',
    'deletePoints',
    { collection, ids: ['here', 'there'], ifVersion: 3 },
    'ifVersion',
  ),
  both('INVALID_ARGUMENT', 'deletePoints', { collection, filter: {}, ifVersion: 3 }, 'ifVersion'),
  both(
    'INVALID_ARGUMENT',
    'deletePoints',
    { collection, ids: ['here'], ifVersion: 0 },
    'ifVersion',
  ),
  both('MISSING_FIELD', 'search', { collection }),
  both('MISSING_FIELD', 'upsertPoints', upsert({ id: 'a' })),
  both('INVALID_NAME', 'createCollection', { name: 'Not A Name', dimension: 3 }, 'name'),
  both('INVALID_ID', 'upsertPoints', upsert({ id: 'x'.repeat(513), vector }), 'points[0].id'),
  both('INVALID_ID', 'upsertPoints', upsert({ id: '', vector }), 'points[0].id'),
  both('INVALID_PAGE_TOKEN', 'scrollPoints', { collection, pageToken: 'zzz' }),
  both('INVALID_SESSION_TOKEN', 'countPoints', {
    collection,
    consistency: 'session',
    sessionToken: 'zzz',
  }),

  // Vectors, batches, searches.
  inJson('INVALID_VECTOR', '{"vector":"###"}', 'vector', typed),
  inJson('INVALID_VECTOR', '{"vector":[1,"2",3]}', 'vector[1]', typed),
  both('INVALID_VECTOR', 'search', search({ vector: 'AAAAAAAAAA==' }), 'vector'),
  both('WRONG_DIMENSION', 'search', search({ vector: [1, 2] }), 'vector'),
  both('WRONG_DIMENSION', 'upsertPoints', upsert({ id: 'a', vector: [] }), 'points[0].vector'),
  inJson('NOT_FINITE', '{"vector":[1,NaN,3]}', 'vector[1]'),
  inJson('NOT_FINITE', '{"vector":[1,2,-Infinity]}', 'vector[2]'),
  inJson('NOT_FINITE', '{"vector":[1e39,2,3]}', 'vector[0]'),
  both('NOT_FINITE', 'search', search({ vector: base64(1, Number.NaN, 3) })),
  both('NOT_FINITE', 'upsertPoints', upsert({ id: 'a', vector: base64(1, 2, Infinity) })),
  both('ZERO_VECTOR', 'search', search({ vector: [0, 0, 0] }), 'vector'),
  both('EMPTY_BATCH', 'upsertPoints', upsert(), 'points'),
  both('EMPTY_BATCH', 'batchSearch', { collection, searches: [] }, 'searches'),
  both('BATCH_TOO_LARGE', 'batchGetPoints', { collection, ids: manyIds }, 'ids'),
  both('TOP_K_OUT_OF_RANGE', 'search', search({ topK: 0 }), 'topK'),
  both('TOP_K_OUT_OF_RANGE', 'search', search({ topK: 10_001 }), 'topK'),
  both('TOP_K_OUT_OF_RANGE', 'search', search({ topK: 4_294_967_295 }), 'topK'),
  ...SEARCH_MISTAKES.map(([reason, field, request]) =>
    both(reason, 'search', { collection, ...request }, field),
  ),
  both(
    'NOT_FINITE',
    'search',
    {
      collection: 'dots',
      recommend: { positive: [{ vector: [3e38] }], negative: [{ vector: [-3e38] }] },
    },
    'recommend',
  ),
  both('POINT_NOT_FOUND', 'search', {
    collection,
    fused: { legs: [{ vector }, { id: 'nobody' }] },
  }),
  both(
    'BATCH_TOO_LARGE',
    'batchSearch',
    { collection, searches: Array(70).fill({ fused: { legs: Array(16).fill({ vector }) } }) },
    'searches',
  ),
  both(
    'INVALID_PAGE_TOKEN',
    'batchSearch',
    { collection, searches: [{ vector, pageToken: 'zzz' }] },
    'searches[0].pageToken',
  ),
  {
    reason: 'NOT_FINITE',
    name: 'NOT_FINITE scoreThreshold',
    http: 'JSON has no such number',
    grpc: () => grpcSearch({ scoreThreshold: Number.NaN }),
    field: 'scoreThreshold',
  },
  both('PAGE_SIZE_OUT_OF_RANGE', 'scrollPoints', { collection, pageSize: 10_001 }, 'pageSize'),
  both('PAGE_SIZE_OUT_OF_RANGE', 'listSlowQueries', { limit: 501 }, 'limit'),
  both('NO_EMBEDDER', 'search', { collection, text: 'a dog' }),
  both('NO_EMBEDDER', 'createCollection', { name: 'other', embedder: 'lettres' }, 'embedder'),
  both('TEXT_NOT_UNDERSTOOD', 'search', { collection: 'texts', text: '123' }),

  // Payloads and filters.
  both('INVALID_PAYLOAD', 'upsertPoints', upsert({ id: 'a', vector, payload: [1] })),
  {
    reason: 'INVALID_PAYLOAD',
    name: 'INVALID_PAYLOAD nested too deeply',
    http: () => {
      const body = `{"points":[{"id":"a","vector":[1,2,3],"payload":${deepPayload}}]}`
      return postRaw('/v1/collections/plain/points:upsert', body)
    },
    grpc: () => upsertPayload(deepPayload),
  },
  {
    reason: 'INVALID_PAYLOAD',
    name: 'INVALID_PAYLOAD that is no JSON',
    http: 'JSON in JSON is INVALID_JSON',
    grpc: () => upsertPayload('{"a":'),
  },
  both('PAYLOAD_TYPE_MISMATCH', 'upsertPoints', upsert({ id: 'a', vector, payload: { n: 'x' } })),
  both('INVALID_FILTER', 'search', search({ filter: { must: [{ field: 'n' }] } })),
  both('INVALID_FILTER', 'countPoints', { collection, filter: { must: [{ exists: true }] } }),
  both('UNKNOWN_FILTER_FIELD', 'search', search({ filter: { must: [{ field: 'm', match: 1 }] } })),
  both(
    'FILTER_TYPE_MISMATCH',
    'search',
    search({ filter: { must: [{ field: 'n', match: 'x' }] } }),
  ),
  both('SCHEMA_CONFLICT', 'updateCollection', { collection, payloadSchema: { n: 'keyword' } }),

  // Size and form of the call.
  {
    reason: 'BODY_TOO_LARGE',
    name: 'BODY_TOO_LARGE',
    http: () => postRaw('/v1/collections/plain/points:upsert', Buffer.alloc(tooManyBytes, 0x20)),
    grpc: () => upsertPayload('x'.repeat(tooManyBytes)),
  },
  {
    reason: 'UNSUPPORTED_MEDIA_TYPE',
    name: 'UNSUPPORTED_MEDIA_TYPE',
    http: () => postRaw('/v1/collections/plain/points:search', '{}', 'text/plain'),
    grpc: 'what is not application/grpc is not gRPC',
  },
  {
    reason: 'ROUTE_NOT_FOUND',
    name: 'ROUTE_NOT_FOUND',
    http: () => postRaw('/v1/collections/plain/points:serch', '{}'),
    grpc: () => grpcBytes([], '/vectron.v1.Search/Serch'),
  },
  {
    reason: 'METHOD_NOT_ALLOWED',
    name: 'METHOD_NOT_ALLOWED',
    http: () => fetch(`${running.url}/v1/collections/plain/points:search`),
    grpc: 'gRPC has only POST',
  },

  // What the request names, and who asks.
  both('COLLECTION_NOT_FOUND', 'getCollection', { collection: 'plane' }),
  both('COLLECTION_NOT_FOUND', 'search', { collection: 'nowhere', vector }),
  both('POINT_NOT_FOUND', 'getPoint', { collection, id: 'nobody' }),
  both('POINT_NOT_FOUND', 'search', { collection, id: 'nobody' }),
  both('COLLECTION_EXISTS', 'createCollection', { name: 'plain', dimension: 3 }),
  both('COLLECTION_EXISTS', 'updateAliases', alias('create', 'texts', 'plain')),
  both('COLLECTION_NOT_FOUND', 'updateAliases', alias('create', 'other-alias', 'plane')),
  both('COLLECTION_NOT_FOUND', 'updateAliases', alias('create', 'other-alias', 'plain-alias')),
  both('COLLECTION_NOT_FOUND', 'deleteCollection', { collection: 'plain-alias' }),
  both('ALIAS_EXISTS', 'updateAliases', alias('create', 'plain-alias', 'texts')),
  both('ALIAS_EXISTS', 'createCollection', { name: 'plain-alias', dimension: 3 }),
  both('ALIAS_NOT_FOUND', 'updateAliases', alias('switch', 'plane-alias', 'plain')),
  both('ALIAS_NOT_FOUND', 'updateAliases', { actions: [{ delete: { alias: 'nothing' } }] }),
  both('COLLECTION_HAS_ALIAS', 'deleteCollection', { collection }),
  both('EMPTY_BATCH', 'updateAliases', {}, 'actions'),
  both('BATCH_TOO_LARGE', 'updateAliases', { actions: manyActions }, 'actions'),
  both('MISSING_FIELD', 'updateAliases', { actions: [{}] }, 'actions[0]'),
  both(
    'MISSING_FIELD',
    'updateAliases',
    { actions: [{ switch: { alias: 'plain-alias' } }] },
    'actions[0].switch.collection',
  ),
  both(
    'INVALID_NAME',
    'updateAliases',
    alias('create', 'Not A Name', 'plain'),
    'actions[0].create.alias',
  ),
  {
    reason: 'NO_KEY',
    name: 'NO_KEY',
    http: () => overHttp('getHealth', {}, {}),
    grpc: () => askGrpc(anonymous, 'getHealth', [{}]),
  },
  {
    reason: 'WRONG_KEY',
    name: 'WRONG_KEY',
    http: () => overHttp('getHealth', {}, { authorization: `Bearer ${wrongKey}` }),
    grpc: () => askGrpc(stranger, 'getHealth', [{}]),
  },
]

const tooManyBytes = LIMITS.bodyBytesMax + 1

function grpcSearch(request: MessageInitShape<typeof vectron.SearchRequestSchema>) {
  const data = { case: 'floats' as const, value: { values: [1, 2, 3] } }
  const query = { case: 'vector' as const, value: { data } }
  return running.channel.client(vectron.Search).search({ collection, query, ...request })
}

function upsertPayload(payload: string): Promise<unknown> {
  const data = { case: 'floats' as const, value: { values: [1, 2, 3] } }
  const points = [{ id: 'a', vector: { data }, payload }]
  return running.channel.client(vectron.Points).upsertPoints({ collection, points })
}

/** Reasons that no input causes, with the tests that cause them or prove their form. */
const elsewhere: Partial<Record<ErrorReason, string>> = {
  UNIMPLEMENTED: 'packages/rpc/src/grpc/grpc.test.ts',
  WORKER_NOT_FOUND: 'services/placement/src/open-placement.test.ts',
  OPERATOR_NOT_FOUND: 'services/placement/src/open-placement.test.ts',
  REPLICA_LOST: 'services/worker/src/identity.test.ts',
  SHARD_NOT_FOUND: 'packages/rpc/src/http/http-server.test.ts',
  CONFLICT: 'packages/rpc/src/http/http-server.test.ts',
  FORBIDDEN: 'packages/rpc/src/http/http-server.test.ts',
  UNTRUSTED_PROCESS: 'packages/process/src/trust.test.ts',
  OUTSIDE_ROW_RULE: 'tests/conformance/row-rules.test.ts',
  IDEMPOTENCY_KEY_REUSED: 'tests/conformance/request-ids.test.ts',
  KEY_NOT_FOUND: 'services/auth/src/api-keys.test.ts',
  PLAN_LIMIT: 'tests/conformance/access-matrix.test.ts',
  RATE_LIMITED: 'packages/rpc/src/http/http-server.test.ts',
  OVERLOADED: 'packages/rpc/src/http/http-server.test.ts',
  DEADLINE_EXCEEDED: 'packages/rpc/src/grpc/grpc.test.ts',
  CANCELLED: 'packages/rpc/src/grpc/grpc.test.ts',
  UNAVAILABLE: 'packages/rpc/src/http/http-server.test.ts',
  SHARD_UNAVAILABLE: 'packages/rpc/src/http/http-server.test.ts',
  NOT_LEADER: 'packages/rpc/src/http/http-server.test.ts',
  STALE_EPOCH: 'packages/rpc/src/http/http-server.test.ts',
  OUTCOME_UNKNOWN: 'packages/rpc/src/http/http-server.test.ts',
  DISK_FULL: 'tests/faults/disk-full.test.ts',
  DATA_CORRUPT: 'tests/faults/flipped-byte.test.ts',
  DATA_IN_USE: 'packages/rpc/src/http/http-server.test.ts',
  WRONG_CLUSTER: 'packages/rpc/src/http/http-server.test.ts',
  INCOMPATIBLE_DATA: 'packages/rpc/src/http/http-server.test.ts',
  INTERNAL: 'packages/rpc/src/http/http-server.test.ts',
  REQUEST_TOO_SLOW: 'tests/floods/floods.test.ts',
}

test('every row of docs/ERRORS.md is caused here, or says where', () => {
  const caused = new Set<string>(mistakes.map((mistake) => mistake.reason))
  const covered = [...caused, ...Object.keys(elsewhere)].sort()
  assert.deepEqual(covered, Object.keys(REASONS).sort())
  for (const path of Object.values(elsewhere)) {
    assert.ok(existsSync(new URL(`../../${path}`, import.meta.url)), path)
  }
})

test('each mistake is refused with its reason over HTTP', async (t) => {
  for (const mistake of mistakes) {
    const { http } = mistake
    if (typeof http === 'string') continue
    await t.test(mistake.name, async () => checkProblem(mistake, await http()))
  }
})

test('each mistake is refused with its reason over gRPC', async (t) => {
  for (const mistake of mistakes) {
    const { grpc } = mistake
    if (typeof grpc === 'string') continue
    await t.test(mistake.name, async () => {
      await assert.rejects(grpc, (error) => {
        assert.ok(isVectronError(error), `${error}`)
        assert.equal(error.reason, mistake.reason, error.message)
        if (mistake.field !== undefined) assert.equal(error.field, mistake.field, error.message)
        return true
      })
    })
  }
})

test('nothing of it reached the error log, and the server still answers', async () => {
  assert.deepEqual(running.errors, [])
  const [answer] = (await speak('search', search({ topK: 10 }))) as [{ results: { id: string }[] }]
  assert.deepEqual(
    answer.results.map((each) => each.id),
    ['here'],
  )
  assert.equal((await fetch(`${running.url}/readyz`)).status, 200)
})

async function checkProblem(mistake: Mistake, response: Response): Promise<void> {
  const problem = await response.json()
  const text = JSON.stringify(problem)
  assert.equal(response.headers.get('content-type'), 'application/problem+json', text)
  assert.equal(problem.reason, mistake.reason, text)
  assert.equal(response.status, reasonRow(mistake.reason).http, text)
  assert.ok(response.status < 500, text)
  if (mistake.field === undefined) return
  const violations = problem.details.flatMap(
    (detail: { fieldViolations?: { field: string }[] }) => detail.fieldViolations ?? [],
  )
  assert.equal(violations[0]?.field, mistake.field, text)
}
