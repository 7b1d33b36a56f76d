// Proves that the in-process client behaves as a remote one: all kinds of calls, errors, deadlines,
// cancellation and interceptors.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorReason, isVectronError } from '@vectron/base'
import { wire } from '@vectron/contracts'
import { CRASH, echoServices, HANG } from '../test/echo-services.ts'
import { createInProcessClient, type Interceptor } from './index.ts'

function open(interceptors: Interceptor[] = []) {
  const { services, seen } = echoServices()
  const [pointsService, searchService] = services
  assert.ok(pointsService && searchService)
  const options = { interceptors }
  return {
    points: createInProcessClient(wire.Points, pointsService, options),
    search: createInProcessClient(wire.Search, searchService, options),
    seen,
  }
}

const refusedFor = (reason: ErrorReason) => (error: unknown) => isVectronError(error, reason)

test('a message is handed over as it is', async () => {
  const { points, seen } = open()
  const answer = await points.upsertPoints({ collection: 'c', points: [{ id: 'a' }] })
  assert.equal(answer.affected, 1n)
  assert.equal(answer.$typeName, 'vectron.v1.WriteResponse')
  assert.equal(seen.calls[0]?.protocol, 'in-process')
})

test('streams keep their order, and one that is left early ends its handler', async () => {
  const { points, seen } = open()
  async function* endless() {
    for (let i = 0; ; i++) yield { collection: `c${i}` }
  }
  const tokens: string[] = []
  for await (const ack of points.upsertPointsStream(endless())) {
    tokens.push(ack.sessionToken)
    if (tokens.length === 10) break
  }
  assert.deepEqual(tokens[9], 'c9')
  await new Promise((resolve) => setTimeout(resolve, 20))
  const { taken } = seen
  assert.ok(taken < 20, `the handler took ${taken} requests for 10 answers`)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(seen.taken, taken)
})

test('errors arrive as VectronErrors; a crash is INTERNAL', async () => {
  const { points, search } = open()
  await assert.rejects(points.upsertPoints({ collection: 'CONFLICT' }), refusedFor('CONFLICT'))
  await assert.rejects(points.upsertPoints({ collection: CRASH }), refusedFor('INTERNAL'))
  const failing = async () => {
    for await (const _ of search.searchStream({ collection: 'CONFLICT', topK: 2 }));
  }
  await assert.rejects(failing, refusedFor('CONFLICT'))
})

test('deadline and cancellation end the call even when the handler hangs', async () => {
  const { search, seen } = open()
  const late = search.search({ collection: HANG }, { timeoutMs: 20 })
  await assert.rejects(late, refusedFor('DEADLINE_EXCEEDED'))
  const controller = new AbortController()
  const left = search.search({ collection: HANG }, { signal: controller.signal })
  controller.abort()
  await assert.rejects(left, refusedFor('CANCELLED'))
  assert.equal(seen.aborted, 2)
})

test('interceptors wrap the call', async () => {
  const order: string[] = []
  const { search } = open([
    async (call, next) => {
      order.push(`before ${call.method.name}`)
      await next()
      order.push('after')
    },
  ])
  await search.search({ collection: 'c' })
  assert.deepEqual(order, ['before Search', 'after'])
})
