/**
 * Every operation on data with a key that has a row rule, on points within the rule and outside of
 * it, as a list of cases to run against any Vectron.
 *
 * After each case, what is outside of the rule must be as it was, to the byte.
 */
import assert from 'node:assert/strict'
import { isVectronError } from '@vectron/base'
import { DEFAULT_PROJECT } from '@vectron/contracts'
import { GrpcChannel } from '@vectron/rpc'
import type { Answer, Json } from './exchanges.ts'
import { askGrpc, askHttp, type DocumentedOperation, operationsOf } from './speak.ts'

/** A Vectron to prove it on, with the key of its owner. */
export interface RuledVectron {
  readonly url: string
  readonly grpcAddress: string
  readonly key: string
}

export const PROTOCOLS = ['http', 'grpc'] as const
type Protocol = (typeof PROTOCOLS)[number]

const INSIDE = ['in0', 'in1', 'in2', 'in3']
const OUTSIDE = ['out0', 'out1', 'out2', 'out3', 'out4']
const RULE = { must: [{ field: 'tenant', match: 'mine' }] }
const ABSENT = 'absent'

interface Refusal {
  readonly reason: string
  readonly message: string
}

/** One key over one protocol. */
export class Voice {
  readonly #vectron: RuledVectron
  readonly #operations: readonly DocumentedOperation[]
  readonly #protocol: Protocol
  readonly #headers: { readonly authorization: string }
  readonly #channel: GrpcChannel

  static async open(vectron: RuledVectron, protocol: Protocol, key: string): Promise<Voice> {
    const document = await (await fetch(`${vectron.url}/openapi.json`)).json()
    return new Voice(vectron, operationsOf(document), protocol, key)
  }

  private constructor(
    vectron: RuledVectron,
    operations: readonly DocumentedOperation[],
    protocol: Protocol,
    key: string,
  ) {
    this.#vectron = vectron
    this.#operations = operations
    this.#protocol = protocol
    this.#headers = { authorization: `Bearer ${key}` }
    this.#channel = new GrpcChannel(vectron.grpcAddress, { headers: this.#headers })
  }

  /** The answers: one, unless the operation streams. */
  async all(operation: string, request: Json): Promise<Answer[]> {
    const said = await this.#say(operation, request)
    assert.ok(Array.isArray(said), `${operation}: ${JSON.stringify(said)}`)
    return said
  }

  async ask(operation: string, request: Json): Promise<Answer> {
    return (await this.all(operation, request)).at(-1)
  }

  async refusal(operation: string, request: Json): Promise<Refusal> {
    const said = await this.#say(operation, request)
    assert.ok(!Array.isArray(said), `${operation}: ${JSON.stringify(said)}`)
    return said
  }

  /** The reason of the refusal; empty when there was none. */
  async attempt(operation: string, request: Json): Promise<string> {
    const said = await this.#say(operation, request)
    return Array.isArray(said) ? '' : said.reason
  }

  close(): void {
    this.#channel.close()
  }

  async #say(operation: string, request: Json): Promise<Answer[] | Refusal> {
    if (this.#protocol === 'http') return this.#sayHttp(operation, request)
    try {
      return await askGrpc(this.#channel, operation, [request])
    } catch (error) {
      if (isVectronError(error)) return { reason: error.reason, message: error.message }
      throw error
    }
  }

  async #sayHttp(operation: string, request: Json): Promise<Answer[] | Refusal> {
    const described = this.#operations.find(({ id }) => id === operation)
    assert.ok(described, operation)
    const target = { url: this.#vectron.url, headers: this.#headers }
    const response = await askHttp(target, described, [request])
    const lines = (await response.text()).trimEnd().split('\n')
    const answers = lines.map((line): Answer => JSON.parse(line))
    if (!response.ok) return { reason: answers[0].reason, message: answers[0].detail }
    // A stream may have begun before what was asked turned out to be wrong.
    const { error } = answers.at(-1)
    return error === undefined ? answers : { reason: error.reason, message: error.message }
  }
}

/** A collection under test, as its owner and a key with a row rule reach it. */
export interface Ruled {
  readonly collection: string
  readonly isPartitioned: boolean
  readonly owner: Voice
  /** A writer that sees the points of INSIDE alone. */
  readonly ruled: Voice
}

/** What a case must leave as it was. */
export async function outsideOf({ collection, owner }: Ruled): Promise<Answer> {
  const filter = { mustNot: RULE.must }
  const request = { collection, filter, pageSize: 1000, withVector: true, consistency: 'strong' }
  return (await owner.ask('scrollPoints', request)).points
}

/** A key of the default project. */
export async function createRuledKey(owner: Voice, role: string): Promise<string> {
  const rowRule = JSON.stringify(RULE)
  const request = { projectId: DEFAULT_PROJECT, name: `ruled ${role}`, role, rowRule }
  return (await owner.ask('createApiKey', request)).text
}

/** Puts the collection into the state in which each case begins. */
export async function restore({ collection, owner }: Ruled): Promise<void> {
  await owner.ask('deletePoints', { collection, filter: {} })
  const points = [
    ...INSIDE.map((id, n) => pointOf(id, 'mine', n)),
    ...OUTSIDE.map((id, n) => pointOf(id, 'theirs', n, { secret: n })),
  ]
  await owner.ask('upsertPoints', { collection, points })
}

function pointOf(id: string, tenant: string, n: number, more: Record<string, Json> = {}): Json {
  return { id, vector: [Math.cos(n), Math.sin(n)], payload: { tenant, n, ...more } }
}

const STRONG = { consistency: 'strong' }
const ofTheirs: Json = { must: [{ field: 'tenant', match: 'theirs' }] }

function idsOf(points: readonly Answer[]): string[] {
  return points.map(({ id }) => id).sort()
}

/** The same words for a point that is hidden as for one that is not there. */
async function checkAsAbsent(voice: Voice, operation: string, requestOf: (id: string) => Json) {
  const hidden = await voice.refusal(operation, requestOf('out0'))
  const absent = await voice.refusal(operation, requestOf(ABSENT))
  assert.deepEqual(hidden, { ...absent, message: absent.message.replaceAll(ABSENT, 'out0') })
  assert.equal(hidden.reason, 'POINT_NOT_FOUND')
}

/** A version expected of a hidden point is refused as one expected of a point that is not there. */
async function checkVersionAsAbsent(
  voice: Voice,
  operation: string,
  requestOf: (id: string) => Json,
) {
  const hidden = await voice.refusal(operation, requestOf('out0'))
  const absent = await voice.refusal(operation, requestOf(ABSENT))
  assert.deepEqual(hidden, { ...absent, message: absent.message.replaceAll(ABSENT, 'out0') })
  assert.equal(hidden.reason, 'VERSION_MISMATCH')
}

async function checkUpserts(operation: string, on: Ruled): Promise<void> {
  const { collection, isPartitioned, ruled, owner } = on
  const upsert = (...points: Json[]): Json => ({ collection, points })
  const added = await ruled.ask(operation, upsert(pointOf('new', 'mine', 7)))
  assert.equal(added.affected, 1)
  const replaced = upsert(pointOf('in0', 'mine', 8), pointOf('new', 'mine', 9))
  assert.equal((await ruled.ask(operation, replaced)).affected, 2)
  for (const point of [
    pointOf('foreign', 'theirs', 1),
    pointOf('in1', 'theirs', 1),
    pointOf('out0', 'mine', 1),
    pointOf('out1', 'theirs', 1),
  ]) {
    const { id } = point as { readonly id: string }
    const refused = await ruled.refusal(operation, upsert(point))
    assert.equal(refused.reason, 'OUTSIDE_ROW_RULE', id)
    assert.match(refused.message, new RegExp(`"${id}".*row rule`), id)
  }
  // Where ids may lie in another shard, that is asked before, and tells that an id is taken.
  if (!isPartitioned) {
    const expecting = { ...(pointOf('', 'mine', 1) as object), ifVersion: 7 }
    await checkVersionAsAbsent(ruled, operation, (id) => upsert({ ...expecting, id }))
  }
  const ids = ['foreign', 'in0', 'in1', 'new']
  const { points, missing } = await owner.ask('batchGetPoints', { collection, ids, ...STRONG })
  assert.deepEqual(missing, ['foreign'])
  assert.deepEqual(
    points.map(({ payload }: Answer) => payload),
    [8, 1, 9].map((n) => ({ tenant: 'mine', n })),
  )
}

async function checkSearches(operation: string, { collection, ruled }: Ruled): Promise<void> {
  const requestOf = (request: Record<string, Json>): Json =>
    operation === 'batchSearch'
      ? { collection, searches: [request, { ...request, topK: 1 }] }
      : { collection, ...request }
  const ask = async (request: Record<string, Json>): Promise<Answer> => {
    const answer = await ruled.ask(operation, requestOf(request))
    return operation === 'batchSearch' ? answer.responses[0] : answer
  }
  const search = (more: Record<string, Json>) =>
    ask({ vector: [1, 0], topK: 100, ...STRONG, ...more })
  for (const exact of [true, false]) {
    const { results, matches } = await search({ exact })
    assert.deepEqual(idsOf(results), INSIDE)
    assert.equal(matches, INSIDE.length)
    const nothing = await search({ exact, filter: ofTheirs })
    assert.deepEqual([nothing.results, nothing.matches ?? 0], [[], 0])
    const some = await search({ exact, filter: { must: [{ field: 'n', range: { lt: 2 } }] } })
    assert.deepEqual(idsOf(some.results), ['in0', 'in1'])
  }
  const rest = await search({ exact: true, offset: 1 })
  assert.equal(rest.results.length, INSIDE.length - 1)
  const paged: string[] = []
  let pageToken = ''
  do {
    const page = await search({ exact: true, topK: 3, pageToken })
    paged.push(...idsOf(page.results))
    pageToken = page.nextPageToken
  } while (pageToken !== '')
  assert.deepEqual(paged.sort(), INSIDE)
  const by = { topK: 100, ...STRONG }
  assert.deepEqual(idsOf((await ask({ id: 'in0', ...by })).results), INSIDE.slice(1))
  await checkAsAbsent(ruled, operation, (id) => requestOf({ id, ...by }))
  const like = (id: string) => ({ positive: [{ id: 'in0' }], negative: [{ id }] })
  const grouped = await search({ exact: true, groupBy: { field: 'tenant', groupSize: 9 } })
  assert.deepEqual(
    grouped.groups.map(({ value, results }: Answer) => [value, idsOf(results)]),
    [['mine', INSIDE]],
  )
  const hidden = await ruled.refusal(
    operation,
    requestOf({ vector: [1, 0], groupBy: { field: 'secret' } }),
  )
  assert.equal(hidden.reason, 'UNKNOWN_FILTER_FIELD')
  const numbered: Json = { must: [{ field: 'n', range: { gte: 0 } }] }
  const explained = await ask({ vector: [1, 0], filter: numbered, explain: true, ...by })
  assert.ok(explained.plans.length > 0)
  for (const { matches, matchesEstimated, alternatives } of explained.plans) {
    assert.ok(matches <= INSIDE.length)
    assert.deepEqual([matchesEstimated, alternatives], [undefined, []])
  }
  const legs: Json = [{ vector: [1, 0] }, { id: 'in0' }]
  const fused = await ask({ fused: { legs }, ...by })
  assert.deepEqual(idsOf(fused.results), INSIDE)
  await checkAsAbsent(ruled, operation, (id) => requestOf({ fused: { legs: [{ id }] }, ...by }))
  const liked = await ask({ recommend: like('in1'), ...by })
  assert.deepEqual(idsOf(liked.results), INSIDE.slice(2))
  await checkAsAbsent(ruled, operation, (id) => requestOf({ recommend: like(id), ...by }))
}

/** By operation: what a key with a row rule gets. */
export const CASES: Readonly<Record<string, (ruled: Ruled) => Promise<void>>> = {
  upsertPoints: (ruled) => checkUpserts('upsertPoints', ruled),
  upsertPointsStream: (ruled) => checkUpserts('upsertPointsStream', ruled),

  getPoint: async ({ collection, ruled }) => {
    const { payload } = await ruled.ask('getPoint', { collection, id: 'in0', ...STRONG })
    assert.deepEqual(payload, { tenant: 'mine', n: 0 })
    await checkAsAbsent(ruled, 'getPoint', (id) => ({ collection, id, ...STRONG }))
  },

  batchGetPoints: async ({ collection, ruled }) => {
    const ids = ['out1', 'in1', ABSENT, 'in0', 'out0']
    const found = await ruled.ask('batchGetPoints', { collection, ids, ...STRONG })
    assert.deepEqual(idsOf(found.points), ['in0', 'in1'])
    assert.deepEqual(found.missing, ['out1', ABSENT, 'out0'])
  },

  deletePoints: async ({ collection, ruled, owner }) => {
    const remove = async (selection: { [name: string]: Json }) =>
      (await ruled.ask('deletePoints', { collection, ...selection })).affected
    assert.equal(await remove({ ids: ['out0', ABSENT] }), 0)
    assert.equal(await remove({ ids: ['out0', 'in0', ABSENT] }), 1)
    assert.equal(await remove({ filter: ofTheirs }), 0)
    assert.equal(await remove({ filter: { must: [{ hasId: ['out1', 'in1'] }] } }), 1)
    await checkVersionAsAbsent(ruled, 'deletePoints', (id) => ({
      collection,
      ids: [id],
      ifVersion: 7,
    }))
    assert.equal(await remove({ filter: {} }), INSIDE.length - 2)
    const { count } = await owner.ask('countPoints', { collection, ...STRONG })
    assert.equal(count, OUTSIDE.length)
  },

  updatePayload: async ({ collection, isPartitioned, ruled, owner }) => {
    const update = async (change: { [name: string]: Json }) =>
      (await ruled.ask('updatePayload', { collection, ...change })).affected
    const set = { seen: true }
    assert.equal(await update({ ids: ['out0', ABSENT], set }), 0)
    assert.equal(await update({ ids: ['out0', 'in0', ABSENT], set }), 1)
    assert.equal(await update({ filter: ofTheirs, set }), 0)
    assert.equal(await update({ filter: {}, set }), INSIDE.length)
    // A compare-and-set, of a point that is there, and of one that is there for others alone.
    const swap = (id: string, from: number) =>
      update({
        filter: { must: [{ hasId: [id] }, { field: 'n', match: from }] },
        set: { n: from + 10 },
      })
    assert.deepEqual([await swap('in1', 1), await swap('in1', 1), await swap('out1', 1)], [1, 0, 0])
    await checkVersionAsAbsent(ruled, 'updatePayload', (id) => ({
      collection,
      ids: [id],
      set: { n: 1 },
      ifVersion: 7,
    }))
    const leaving = [{ set: { tenant: 'theirs' } }, { remove: ['tenant'] }]
    for (const change of [...leaving, { set: { n: 1 }, replace: true }]) {
      const request = { collection, ids: ['in2', 'out2'], ...change }
      const { reason } = await ruled.refusal('updatePayload', request)
      const fixed = ['INVALID_ARGUMENT', 'MISSING_FIELD']
      assert.ok(isPartitioned ? fixed.includes(reason) : reason === 'OUTSIDE_ROW_RULE', reason)
    }
    const { payload } = await owner.ask('getPoint', { collection, id: 'in2', ...STRONG })
    assert.deepEqual(payload, { tenant: 'mine', n: 2, seen: true })
  },

  scrollPoints: async ({ collection, ruled }) => {
    const seen: string[] = []
    let pageToken = ''
    do {
      const request = { collection, pageSize: 3, pageToken, ...STRONG }
      const page = await ruled.ask('scrollPoints', request)
      seen.push(...idsOf(page.points))
      pageToken = page.nextPageToken ?? ''
    } while (pageToken !== '')
    assert.deepEqual(seen, INSIDE)
    const theirs = await ruled.ask('scrollPoints', { collection, filter: ofTheirs, ...STRONG })
    assert.deepEqual(theirs.points ?? [], [])
  },

  countPoints: async ({ collection, ruled }) => {
    const count = async (filter: Json) =>
      (await ruled.ask('countPoints', { collection, filter, ...STRONG })).count ?? 0
    assert.equal(await count({}), INSIDE.length)
    assert.equal(await count(ofTheirs), 0)
    assert.equal(await count({ mustNot: [{ field: 'n', match: 0 }] }), INSIDE.length - 1)
    // A field that only others have is as unknown as one that nobody has.
    const asked = ['secret', 'nonsuch', 'secrets'].map((field) => {
      const filter = { must: [{ field, exists: true }] }
      return ruled.refusal('countPoints', { collection, filter, ...STRONG })
    })
    const [secret, nonsuch, secrets] = await Promise.all(asked)
    assert.equal(secret?.reason, 'UNKNOWN_FILTER_FIELD')
    assert.equal(secret?.message.replaceAll('secret', 'nonsuch'), nonsuch?.message)
    assert.equal(secrets?.message.replaceAll('secrets', 'nonsuch'), nonsuch?.message)
  },

  facetPoints: async ({ collection, ruled }) => {
    const facet = async (field: string, more: { [name: string]: Json } = {}): Promise<Answer> =>
      ruled.ask('facetPoints', { collection, field, ...more, ...STRONG })
    const tenants = await facet('tenant')
    assert.deepEqual(tenants, { counts: [{ value: 'mine', count: INSIDE.length }], exact: true })
    const numbers = await facet('n')
    assert.deepEqual(
      numbers.counts,
      INSIDE.map((_, n) => ({ value: n, count: 1 })),
    )
    const theirs = await facet('tenant', { filter: ofTheirs })
    assert.deepEqual(theirs.counts ?? [], [])
    const asked = ['secret', 'nonsuch'].map((field) =>
      ruled.refusal('facetPoints', { collection, field, ...STRONG }),
    )
    const [secret, nonsuch] = await Promise.all(asked)
    assert.equal(secret?.reason, 'UNKNOWN_FILTER_FIELD')
    assert.equal(secret?.message.replaceAll('secret', 'nonsuch'), nonsuch?.message)
  },

  search: (ruled) => checkSearches('search', ruled),
  batchSearch: (ruled) => checkSearches('batchSearch', ruled),
  searchStream: async (on) => {
    await checkSearches('searchStream', on)
    const { collection, ruled } = on
    const request = { collection, vector: [1, 0], topK: 100 }
    for (const answer of await ruled.all('searchStream', request)) {
      assert.ok(idsOf(answer.results).every((id) => INSIDE.includes(id)))
    }
  },

  getCollection: async ({ collection, ruled }) => {
    const { pointsCount } = await ruled.ask('getCollection', { collection })
    assert.equal(pointsCount, INSIDE.length)
  },

  listCollections: async ({ collection, ruled }) => {
    const { collections } = await ruled.ask('listCollections', { pageSize: 1000 })
    const own = collections.find(({ name }: Answer) => name === collection)
    assert.equal(own.pointsCount, INSIDE.length)
  },

  listAliases: async ({ collection, ruled, owner }) => {
    const alias = `alias-${collection}`
    const update = (action: Json) => owner.ask('updateAliases', { actions: [action] })
    const { aliases } = await update({ create: { alias, collection } })
    assert.deepEqual((await ruled.ask('listAliases', { collection })).aliases, aliases)
    const { count } = await ruled.ask('countPoints', { collection: alias, ...STRONG })
    assert.equal(count, INSIDE.length)
    await update({ delete: { alias } })
  },
}

/** By operation: what is about all rows, and so is nothing for such a key, whatever its role. */
export const REFUSED: Readonly<Record<string, (collection: string) => Json>> = {
  createCollection: () => ({ name: 'of-the-ruled', dimension: 2 }),
  updateCollection: (collection) => ({ collection, description: 'mine' }),
  deleteCollection: (collection) => ({ collection }),
  getCollectionStats: (collection) => ({ collection }),
  updateAliases: (collection) => ({ actions: [{ create: { alias: 'of-the-ruled', collection } }] }),
}
