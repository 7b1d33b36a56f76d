import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import {
  systemClock as clock,
  isVectronError,
  seededRandom,
  sleep,
  VectronError,
} from '@vectron/base'
import { placement } from '@vectron/contracts'
import { type CallOptions, ConnectionFailure } from '@vectron/rpc'
import { createPlacementClient, type PlacementClient } from './placement-client.ts'

type Health = 'up' | 'refused' | 'silent'

/** One member of a placement, as a connection to it behaves. */
class Member {
  readonly address: string
  health: Health = 'up'
  leads = false
  leaderAddress = ''
  /** Milliseconds that creating a collection takes. */
  createMs = 0
  /** The connection breaks when a collection has been created. */
  breaksAfterCreate = false
  onCreate = () => {}
  readonly calls: string[] = []

  constructor(address: string) {
    this.address = address
  }

  /** The methods that the tests call. */
  get client(): PlacementClient {
    const getRouting = (_request: object, options?: CallOptions) =>
      this.#answer('getRouting', options, () => create(placement.GetRoutingResponseSchema))
    const heartbeat = (_request: object, options?: CallOptions) =>
      this.#answer('heartbeat', options, () => create(placement.HeartbeatResponseSchema))
    const createCollection = (_request: object, options?: CallOptions) =>
      this.#answer('createCollection', options, async () => {
        this.onCreate()
        await sleep(clock, this.createMs, options?.signal)
        if (this.breaksAfterCreate) throw connectionLost(true)
        return create(placement.CollectionRoutingSchema)
      })
    return { getRouting, heartbeat, createCollection } as unknown as PlacementClient
  }

  async #answer<T>(name: string, options: CallOptions | undefined, work: () => T): Promise<T> {
    this.calls.push(name)
    if (this.health === 'refused') throw connectionLost(false)
    if (this.health === 'silent') await never(options)
    if (this.leads) return work()
    const { leaderAddress } = this
    throw new VectronError('NOT_LEADER', 'not me', { metadata: { leaderAddress } })
  }
}

function connectionLost(wasConnected: boolean): VectronError {
  const cause = new ConnectionFailure('gone', { wasConnected })
  return new VectronError('UNAVAILABLE', 'gone', { cause })
}

async function never(options: CallOptions | undefined): Promise<void> {
  const { timeoutMs = 30_000, signal } = options ?? {}
  await sleep(clock, timeoutMs, signal).catch(() => {
    throw new VectronError('CANCELLED', 'left')
  })
  throw new VectronError('DEADLINE_EXCEEDED', 'late')
}

function clusterOf(leader: string) {
  const members = ['a', 'b', 'c'].map((address) => new Member(address))
  const member = (address: string) => {
    const found = members.find((each) => each.address === address)
    assert.ok(found)
    return found
  }
  const lead = (address: string) => {
    for (const each of members) {
      each.leads = each.address === address
      each.leaderAddress = address
    }
  }
  lead(leader)
  const client = createPlacementClient({
    members: ['a', 'b', 'c'],
    connect: (address) => member(address).client,
    clock,
    random: seededRandom(1n),
  })
  return { client, member, lead }
}

const create1 = { collection: { name: 'c' } }

test('The leader is found among the members, kept, and followed where it moves.', async () => {
  const { client, member, lead } = clusterOf('c')
  await client.getRouting({})
  await client.getRouting({})
  assert.equal(member('a').calls.length, 1)
  lead('b')
  await client.getRouting({})
  await client.getRouting({})
  assert.equal(member('a').calls.length, 1)
  assert.equal(member('b').calls.at(-1), 'getRouting')
})

test('A leader that is not among the members given is followed by the address it is named by.', async () => {
  const { client, member } = clusterOf('c')
  const other = createPlacementClient({
    members: ['a'],
    connect: (address) => member(address).client,
    clock,
    random: seededRandom(1n),
  })
  await other.getRouting({})
  assert.equal(member('c').calls.length, 2)
  assert.equal(typeof client.registerWorker, 'function')
})

test('Dead and silent members cost nothing while another one leads.', async () => {
  const { client, member } = clusterOf('c')
  member('a').health = 'refused'
  member('b').health = 'silent'
  await client.getRouting({}, { timeoutMs: 250 })
})

test('A call that waits for a leader that fell silent moves to the next leader.', async () => {
  const { client, member, lead } = clusterOf('a')
  await client.getRouting({})
  member('a').health = 'silent'
  const asked = client.getRouting({}, { timeoutMs: 5000 })
  lead('b')
  await asked
  await client.getRouting({}, { timeoutMs: 100 })
})

test('A slow leader that still leads is waited for.', async () => {
  const { client, member } = clusterOf('a')
  member('a').createMs = 700
  await client.createCollection(create1)
  assert.deepEqual(
    member('a').calls.filter((name) => name === 'createCollection'),
    ['createCollection'],
  )
})

test('A call that may not run twice is never sent to a member that may have taken it before.', async () => {
  const { client, member, lead } = clusterOf('a')
  member('a').breaksAfterCreate = true
  await assert.rejects(client.createCollection(create1), (error) =>
    isVectronError(error, 'OUTCOME_UNKNOWN'),
  )

  member('a').createMs = 5000
  member('a').onCreate = () => {
    member('a').health = 'silent'
    lead('b')
  }
  await assert.rejects(client.createCollection(create1), (error) =>
    isVectronError(error, 'OUTCOME_UNKNOWN'),
  )
  assert.equal(member('b').calls.includes('createCollection'), false)
})

test('A call that may not run twice goes on where nobody can have taken it.', async () => {
  const { client, member, lead } = clusterOf('a')
  await client.getRouting({})
  member('a').health = 'refused'
  lead('b')
  await client.createCollection(create1)
  assert.equal(member('b').calls.at(-1), 'createCollection')
})

test('Without a leader a call waits until its deadline, and one that leaves is let go at once.', async () => {
  const { client, lead } = clusterOf('a')
  lead('nobody')
  await assert.rejects(client.getRouting({}, { timeoutMs: 100 }), (error) =>
    isVectronError(error, 'UNAVAILABLE'),
  )
  const left = client.heartbeat({}, { signal: AbortSignal.timeout(10) })
  await assert.rejects(left, (error) => isVectronError(error, 'CANCELLED'))
  const waiting = client.getRouting({}, { timeoutMs: 5000 })
  lead('b')
  await waiting
})
