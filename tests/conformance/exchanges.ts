/**
 * One request for every operation of the API, in an order in which they make sense together.
 *
 * Requests are JSON with all fields, those of the path included; the driver makes a gRPC message
 * and an HTTP request of the same one. `*` in a name stands for the protocol, so that both have a
 * collection of their own.
 */
import assert from 'node:assert/strict'
import { LETTERS } from './running-vectron.ts'

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

export interface Exchange {
  readonly operation: string
  /** One request, or the requests of a stream. */
  readonly request: Json | Json[]
  /** Looks at the answer, or the answers of a stream; at the problem where it is refused. */
  readonly check: (answers: Answer[]) => void
  /** The status of a refusal, for what one machine alone cannot grant. */
  readonly refused?: 404 | 409
  /** Further fields that need not be equal over both protocols: they are of the moment. */
  readonly passing?: readonly string[]
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of an answer, looked into by assertions
export type Answer = any

const collection = 'contract-*'
/** In a request: the id of the key that sends it. */
export const OWN_KEY = 'key-of-the-caller'
const DOG = 'a dog'
const CAT = 'a cat'

function point(id: string, text: string, legs: number): Json {
  return { id, text, payload: { text, legs, tame: true } }
}

export const exchanges: readonly Exchange[] = [
  {
    operation: 'createCollection',
    request: {
      name: collection,
      embedder: LETTERS.name,
      metric: 'cosine',
      payloadSchema: { legs: 'integer', text: 'keyword' },
      description: 'animals',
    },
    check: ([made]) => {
      assert.equal(made.dimension, LETTERS.dimension)
      assert.deepEqual(made.payloadSchema, { legs: 'integer', text: 'keyword' })
    },
  },
  {
    operation: 'updateCollection',
    request: { collection, description: 'tame animals', payloadSchema: { tame: 'bool' } },
    check: ([made]) => {
      assert.equal(made.description, 'tame animals')
      assert.equal(made.payloadSchema.tame, 'bool')
    },
  },
  {
    operation: 'upsertPoints',
    request: { collection, points: [point('dog', DOG, 4), point('a/b:c é', CAT, 4)] },
    check: ([ack]) => {
      assert.equal(ack.affected, 2)
      assert.notEqual(ack.sessionToken, '')
    },
  },
  {
    operation: 'upsertPointsStream',
    request: [
      { collection, points: [point('hen', 'a hen', 2)] },
      { collection, points: [point('snake', 'a snake', 0), point('worm', 'a worm', 0)] },
    ],
    check: (acks) =>
      assert.deepEqual(
        acks.map((ack) => ack.affected),
        [1, 2],
      ),
  },
  {
    operation: 'getPoint',
    request: { collection, id: 'a/b:c é', withVector: true, consistency: 'strong' },
    check: ([found]) => {
      assert.equal(found.vector.length, LETTERS.dimension)
      assert.deepEqual(found.payload, { text: CAT, legs: 4, tame: true })
    },
  },
  {
    operation: 'batchGetPoints',
    request: { collection, ids: ['snake', 'nothing', 'dog'], withPayload: false },
    check: ([found]) => {
      const versions = found.points.map(({ version }: Answer) => version)
      assert.ok(versions.every((version: number) => version > 0))
      assert.deepEqual(found.missing, ['nothing'])
      assert.deepEqual(
        found.points.map(({ version: _, ...point }: Answer) => point),
        [{ id: 'snake' }, { id: 'dog' }],
      )
    },
  },
  {
    operation: 'updatePayload',
    request: { collection, ids: ['worm'], set: { tame: false }, remove: ['legs'] },
    check: ([ack]) => assert.equal(ack.affected, 1),
  },
  {
    operation: 'scrollPoints',
    request: { collection, pageSize: 2, filter: { must: [{ field: 'tame', match: true }] } },
    check: ([page]) => {
      assert.deepEqual(
        page.points.map((each: Answer) => each.id),
        ['a/b:c é', 'dog'],
      )
      assert.notEqual(page.nextPageToken, '')
    },
  },
  {
    operation: 'countPoints',
    request: { collection, filter: { mustNot: [{ field: 'legs', range: { gte: 1 } }] } },
    check: ([answer]) => assert.equal(answer.count, 2),
  },
  {
    operation: 'facetPoints',
    request: { collection, field: 'legs', limit: 2 },
    check: ([answer]) =>
      assert.deepEqual(answer, {
        counts: [
          { value: 4, count: 2 },
          { value: 0, count: 1 },
        ],
        exact: true,
      }),
  },
  {
    operation: 'search',
    request: { collection, text: DOG, topK: 2, withVector: true, explain: true },
    check: ([answer]) => {
      assert.equal(answer.results[0].id, 'dog')
      assert.equal(answer.results.length, 2)
      assert.deepEqual([answer.complete, answer.shardsAnswered], [true, 1])
      assert.ok(Math.abs(answer.results[0].score - 1) < 1e-5)
      assert.equal(answer.plans.length, 1)
    },
  },
  {
    operation: 'batchSearch',
    request: {
      collection,
      searches: [
        { id: 'dog', topK: 1, exact: true },
        { text: 'worm', topK: 1, filter: { must: [{ field: 'legs', range: { lt: 1 } }] } },
      ],
    },
    check: ([{ responses }]) => {
      assert.equal(responses.length, 2)
      assert.notEqual(responses[0].results[0].id, 'dog')
      assert.equal(responses[1].results[0].id, 'snake')
      assert.equal(responses[1].matches, 1)
    },
  },
  {
    operation: 'searchStream',
    request: { collection, text: CAT, topK: 1 },
    check: (answers) => {
      assert.equal(answers.at(-1).complete, true)
      assert.equal(answers.at(-1).results[0].id, 'a/b:c é')
    },
  },
  {
    operation: 'listRerankStrategies',
    request: {},
    check: ([{ strategies }]) => {
      const names = strategies.map((each: Answer) => each.name)
      for (const name of ['fusion', 'mmr', 'rules']) assert.ok(names.includes(name), name)
    },
  },
  {
    operation: 'setRerankPreset',
    request: {
      collection,
      preset: 'cats',
      strategy: 'rules',
      parameters: { rules: [{ kind: 'termMatch', fields: ['text'], query: 'cat', boost: 5 }] },
    },
    check: ([preset]) => {
      assert.deepEqual([preset.name, preset.strategy, preset.version], ['cats', 'rules', 1])
      assert.equal(preset.parameters.rules[0].boost, 5)
    },
  },
  {
    operation: 'listRerankPresets',
    request: { collection },
    check: ([{ presets }]) =>
      assert.deepEqual(
        presets.map((each: Answer) => each.name),
        ['cats'],
      ),
  },
  {
    operation: 'addFeedback',
    request: {
      collection,
      entries: [
        { text: DOG, id: 'dog', kind: 'click', requestId: 'r1' },
        { text: DOG, id: 'hen', kind: 'judgement', grade: 2 },
      ],
    },
    check: ([answer]) => {
      assert.match(answer.feedbackCollection, /^contract-(http|grpc)-feedback$/)
      assert.equal(answer.added, 2)
    },
  },
  {
    operation: 'invalidateRerankCache',
    request: { collection },
    check: ([answer]) => assert.deepEqual(answer, { rerankers: 1, forgotten: 0 }),
  },
  {
    operation: 'deleteRerankPreset',
    request: { collection, preset: 'cats' },
    check: ([answer]) => assert.deepEqual(answer, {}),
  },
  {
    operation: 'getCollection',
    request: { collection },
    check: ([found]) => assert.equal(found.pointsCount, 5),
  },
  {
    operation: 'listCollections',
    request: { pageSize: 100 },
    check: ([list]) => {
      const names = list.collections.map((each: Answer) => each.name)
      assert.deepEqual(names, names.toSorted())
      assert.ok(names.includes('contract-grpc') || names.includes('contract-http'))
    },
  },
  {
    operation: 'getCollectionStats',
    request: { collection },
    check: ([stats]) => {
      assert.equal(stats.pointsCount, 5)
      assert.equal(stats.shards[0].state, 'ready')
      const legs = stats.fields.find((field: Answer) => field.field === 'legs')
      assert.deepEqual([legs.type, legs.declared], ['integer', true])
    },
  },
  {
    operation: 'updateAliases',
    request: {
      actions: [
        { create: { alias: 'alias-of-contract-*', collection } },
        { switch: { alias: 'alias-of-contract-*', collection } },
        { delete: { alias: 'alias-of-contract-*' } },
      ],
    },
    check: ([answer]) => assert.deepEqual(answer, { aliases: [] }),
  },
  {
    operation: 'listAliases',
    request: { collection },
    check: ([list]) => assert.deepEqual(list, { aliases: [] }),
  },
  {
    operation: 'deletePoints',
    request: { collection, filter: { must: [{ field: 'legs', match: 4 }] } },
    check: ([ack]) => assert.equal(ack.affected, 2),
  },
  {
    operation: 'getHealth',
    request: {},
    check: ([health]) => assert.deepEqual([health.status, health.workers], ['ok', 1]),
  },
  {
    operation: 'listWorkers',
    request: {},
    check: ([list]) => assert.equal(list.workers[0].state, 'up'),
  },
  {
    operation: 'listShards',
    request: { collection },
    check: ([list]) => {
      const [shard] = list.shards
      assert.deepEqual([shard.rangeStart, shard.rangeEnd], ['0000000000000000', ''])
      const [replica] = shard.replicas
      assert.deepEqual([replica.role, replica.state, replica.lag], ['leader', 'ready', 0])
      assert.deepEqual([shard.replicationFactor, shard.problems], [1, []])
    },
  },
  {
    operation: 'listPlacementMembers',
    request: {},
    check: ([list]) => assert.deepEqual([list.members.length, list.members[0].leader], [1, true]),
  },
  {
    operation: 'drainWorker',
    request: { workerId: 1 },
    check: ([answer]) => assert.ok(answer.replicas > 0),
  },
  {
    operation: 'undrainWorker',
    request: { workerId: 1 },
    check: ([answer]) => assert.ok(answer.replicas > 0),
  },
  {
    operation: 'removeWorker',
    request: { workerId: 1 },
    check: ([problem]) => assert.equal(problem.reason, 'CONFLICT'),
    refused: 409,
  },
  {
    operation: 'moveReplica',
    request: { shardId: 4_000_000, fromWorkerId: 1 },
    check: ([problem]) => assert.equal(problem.reason, 'SHARD_NOT_FOUND'),
    refused: 404,
  },
  {
    operation: 'transferLeader',
    request: { shardId: 4_000_000 },
    check: ([problem]) => assert.equal(problem.reason, 'SHARD_NOT_FOUND'),
    refused: 404,
  },
  {
    operation: 'rebalance',
    request: {},
    check: ([answer]) => assert.deepEqual(answer, { operators: [] }),
  },
  {
    operation: 'listOperators',
    request: {},
    check: ([list]) => assert.deepEqual(list, { operators: [] }),
  },
  {
    operation: 'cancelOperator',
    request: { operatorId: 4_000_000 },
    check: ([problem]) => assert.equal(problem.reason, 'OPERATOR_NOT_FOUND'),
    refused: 404,
  },
  {
    operation: 'listEvents',
    request: {},
    check: ([list]) => {
      const texts = list.events.map((event: Answer) => event.text)
      assert.ok(texts.some((text: string) => text.includes('is drained, as asked')))
    },
  },
  {
    operation: 'listSlowQueries',
    request: { limit: 5 },
    check: ([list]) => {
      assert.deepEqual(list, { gateway: 'vectron', thresholdMs: 60_000, queries: [] })
    },
  },
  {
    operation: 'checkAccess',
    request: { keyId: OWN_KEY, operation: 'deleteCollection', collection },
    check: ([verdict]) =>
      assert.deepEqual(verdict, { allowed: true, reason: '', message: '', notes: [] }),
  },
  {
    operation: 'listAuditEntries',
    request: { action: 'createCollection', subject: collection, pageSize: 1 },
    check: ([page]) => {
      assert.equal(page.kept, true)
      assert.equal(page.entries[0].action, 'Collections.createCollection')
      assert.equal(page.entries[0].result, 'ok')
    },
    passing: ['time', 'actor', 'subject', 'requestId', 'peer', 'nextPageToken'],
  },
  {
    operation: 'watchCluster',
    request: { viewsMax: 2, intervalMs: 200 },
    // Of replicas, as their workers have last told placement.
    passing: ['pointsCount'],
    check: (views) => {
      assert.deepEqual(
        views.map((view) => [view.health.status, view.workers.length, view.shards.length > 0]),
        [
          ['ok', 1, true],
          ['ok', 1, true],
        ],
      )
      assert.ok(views[0].events.length > views[1].events.length)
      const { gateway, requests } = views[1].load
      assert.equal(gateway, 'vectron')
      const kinds = requests.map(({ kind }: Answer) => kind)
      assert.deepEqual(kinds, ['search', 'read', 'write', 'manage'])
      assert.ok(requests.some(({ perSecond, p99Us }: Answer) => perSecond > 0 && p99Us > 0))
    },
  },
  {
    operation: 'getStatistics',
    request: {},
    check: ([statistics]) => assert.ok(statistics.uptimeSeconds > 0),
  },
  {
    operation: 'deleteCollection',
    request: { collection },
    check: ([answer]) => assert.deepEqual(answer, {}),
  },
]
