/**
 * Proves on three real members of etcd, with two instances of the authenticator on them and what
 * gateways remember of both: whatever happens to etcd, no revoked key is accepted and no account is
 * lost. Only what was acknowledged counts; what failed may have happened or not.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { DescService } from '@bufbuild/protobuf'
import { connectEtcd, openAuth, openEtcdStore, type RunningAuth } from '@vectron/auth-service'
import {
  assertDefined,
  createLogger,
  isVectronError,
  NO_AUDIT_LOG,
  sleep,
  systemClock,
  systemRandom,
} from '@vectron/base'
import { auth } from '@vectron/contracts'
import { CredentialCache } from '@vectron/gateway-service'
import { Instances } from '@vectron/process'
import { type Client, createInProcessClient } from '@vectron/rpc'
import { type EtcdCluster, startEtcd, TcpProxy } from '@vectron/testkit'

const PASSWORD = 'correct horse battery staple'
const MASTER_KEY = new Uint8Array(32).fill(7)
/** Acknowledged revocations that a test waits for, while a fault lasts and after it. */
const PROGRESS = 6
const logger = createLogger({ name: 'test', write: () => {} })

const endings: (() => unknown)[] = []
/** For what lives as long as the file. */
const suite = { after: (ending: () => unknown) => endings.push(ending) }
after(async () => {
  for (const ending of endings.reverse()) await ending()
})

let etcd: EtcdCluster
/** Between the second instance and etcd. */
let proxies: TcpProxy[]
let instances: Authenticator[]
/** What two gateways remember, the one asking the first instance, the other the second. */
let caches: CredentialCache[]

/** An instance, called in this process. */
class Authenticator {
  readonly #running: RunningAuth

  static async open(endpoints: readonly string[]): Promise<Authenticator> {
    const connect = connectEtcd
    const store = openEtcdStore({ endpoints, prefix: '/faults/', connect, clock: systemClock })
    endings.push(() => store.close())
    const running = await openAuth({
      store,
      masterKey: MASTER_KEY,
      issuer: 'test',
      registration: 'open',
      clock: systemClock,
      random: systemRandom,
      logger,
      auditLog: NO_AUDIT_LOG,
    })
    return new Authenticator(running)
  }

  private constructor(running: RunningAuth) {
    this.#running = running
  }

  client<S extends DescService>(desc: S): Client<S> {
    const { publicServices, auth: own } = this.#running
    const bound = [own, ...publicServices].find((service) => service.desc === desc)
    return createInProcessClient(desc, assertDefined(bound, desc.typeName))
  }
}

before(async () => {
  etcd = await startEtcd(suite, { size: 3 })
  proxies = await Promise.all(etcd.endpoints.map((endpoint) => TcpProxy.open(endpoint)))
  endings.push(() => {
    for (const proxy of proxies) proxy.close()
  })
  instances = await Promise.all(
    [etcd.endpoints, proxies.map(({ address }) => address)].map((endpoints) =>
      Authenticator.open(endpoints),
    ),
  )
  caches = [instances, [...instances].reverse()].map((order) => {
    const client = new Instances(order).client(auth.Auth)
    const cache = new CredentialCache({ auth: client, clock: systemClock, logger })
    cache.start()
    endings.push(() => cache.close())
    return cache
  })
})

interface Acknowledged {
  readonly accounts: string[]
  readonly revoked: string[]
  /** Keys that are still in force. */
  readonly inForce: string[]
}

/** People who register, make keys and revoke them, at both instances at once, until stopped. */
class People {
  readonly acknowledged: Acknowledged = { accounts: [], revoked: [], inForce: [] }
  readonly #acceptedAfterRevocation: string[] = []
  readonly #working: Promise<void>
  #isStopped = false

  constructor() {
    this.#working = Promise.all(instances.map((_, index) => this.#work(index))).then(() => {})
  }

  /** Settles when that many more keys were revoked. */
  async progress(count = PROGRESS): Promise<void> {
    const { revoked } = this.acknowledged
    const enough = revoked.length + count
    while (revoked.length < enough) await sleep(systemClock, 20)
  }

  /** Fails when a revoked key was accepted meanwhile. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#working
    assert.deepEqual(this.#acceptedAfterRevocation, [])
  }

  async #work(index: number): Promise<void> {
    const instance = assertDefined(instances[index], 'an instance')
    while (!this.#isStopped) {
      try {
        await this.#live(instance)
      } catch (error) {
        assert.ok(isTemporary(error), String(error))
        await sleep(systemClock, 50)
      }
    }
  }

  async #live(instance: Authenticator): Promise<void> {
    const email = `${randomUUID()}@example.org`
    const request = { email, password: PASSWORD }
    const { accessToken, profile } = await instance.client(auth.Accounts).register(request)
    this.acknowledged.accounts.push(email)
    const options = { headers: { authorization: `Bearer ${accessToken}` } }
    const { projectId = '' } = profile?.projects[0] ?? {}
    const keys = instance.client(auth.ApiKeys)
    for (const isRevoked of [true, false, true]) {
      const { key, text } = await keys.createApiKey({ projectId, name: 'k' }, options)
      for (const cache of caches) await cache.ask({ text, project: '' })
      if (!isRevoked) {
        this.acknowledged.inForce.push(text)
        continue
      }
      await keys.revokeApiKey({ projectId, keyId: key?.keyId ?? '' }, options)
      this.acknowledged.revoked.push(text)
      await this.#checkRefused(text)
    }
  }

  /** From the answer on no instance takes the key; one that cannot know may say so. */
  async #checkRefused(apiKey: string): Promise<void> {
    await Promise.all(
      instances.map(async (instance) => {
        const asked = instance.client(auth.Auth).validateKey({ apiKey })
        const answer = await asked.catch((error: unknown) => {
          if (!isTemporary(error)) throw error
        })
        if (answer?.principal !== undefined) this.#acceptedAfterRevocation.push(apiKey)
      }),
    )
  }
}

function isTemporary(error: unknown): boolean {
  return isVectronError(error, 'UNAVAILABLE') || isVectronError(error, 'DEADLINE_EXCEEDED')
}

/** Asked again while etcd still finds itself. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isTemporary(error)) throw error
      await sleep(systemClock, 100)
    }
  }
}

/** Accounts are there, revoked keys are refused, everywhere; and what is in force counts. */
async function checkKept({ accounts, revoked, inForce }: Acknowledged): Promise<void> {
  for (const instance of instances) {
    for (const email of accounts) {
      const request = { email, password: PASSWORD }
      const session = await answered(() => instance.client(auth.Accounts).logIn(request))
      assert.equal(session.profile?.email, email)
    }
    const ask = (apiKey: string) =>
      answered(() => instance.client(auth.Auth).validateKey({ apiKey }))
    for (const key of revoked) assert.equal((await ask(key)).principal, undefined)
    for (const key of inForce) assert.ok((await ask(key)).principal)
  }
  await forgetRevoked(revoked)
}

/** Gateways come to refuse what was revoked, also what they remembered; and they go on to. */
async function forgetRevoked(revoked: readonly string[]): Promise<void> {
  for (const cache of caches) {
    for (const text of revoked) {
      const credential = { text, project: '' }
      while (cache.peek(credential) !== undefined) await sleep(systemClock, 20)
      await assert.rejects(
        answered(() => cache.ask(credential)),
        { reason: 'WRONG_KEY' },
      )
      assert.equal(cache.peek(credential), undefined)
    }
  }
}

/** People go about their business before, while and after something happens. */
async function whilePeopleWork(fault: (people: People) => Promise<void>): Promise<void> {
  const people = new People()
  try {
    await people.progress()
    await fault(people)
    await people.progress()
  } finally {
    await people.stop()
  }
  await checkKept(people.acknowledged)
}

const follower = async () => ((await etcd.leader()) + 1) % etcd.endpoints.length

test('a member is killed, and comes back', () =>
  whilePeopleWork(async (people) => {
    const member = await follower()
    await etcd.kill(member)
    await people.progress()
    etcd.restart(member)
  }))

test('the leader is killed, and comes back', () =>
  whilePeopleWork(async (people) => {
    const leader = await etcd.leader()
    await etcd.kill(leader)
    await people.progress()
    etcd.restart(leader)
  }))

test('the lead goes from member to member', () =>
  whilePeopleWork(async (people) => {
    for (let times = 0; times < 3; times++) {
      await etcd.moveLeader()
      await people.progress(2)
    }
  }))

test('the leader stands still, with its sockets open, and goes on', () =>
  whilePeopleWork(async (people) => {
    const leader = await etcd.leader()
    etcd.pause(leader)
    try {
      await people.progress()
    } finally {
      etcd.resume(leader)
    }
  }))

test('without a majority nothing is acknowledged; with one again all goes on', () =>
  whilePeopleWork(async (people) => {
    const [one, other] = [await etcd.leader(), await follower()]
    await Promise.all([etcd.kill(one), etcd.kill(other)])
    const { length } = people.acknowledged.revoked
    // What was under way when the majority went may still have been acknowledged.
    await sleep(systemClock, 1000)
    assert.ok(people.acknowledged.revoked.length <= length + instances.length)
    etcd.restart(one)
    etcd.restart(other)
  }))

test('an instance is cut off from etcd: gateways learn from the other one what was revoked', () =>
  whilePeopleWork(async (people) => {
    for (const proxy of proxies) proxy.cut()
    try {
      const earlier = people.acknowledged.revoked.length
      await people.progress()
      await forgetRevoked(people.acknowledged.revoked.slice(earlier))
    } finally {
      for (const proxy of proxies) proxy.mend()
    }
  }))

test('history that a watch still needs is compacted: the watch begins anew, and nothing is missed', () =>
  whilePeopleWork(async (people) => {
    for (let times = 0; times < 2; times++) {
      for (const proxy of proxies) proxy.cut()
      await people.progress()
      await etcd.compact()
      for (const proxy of proxies) proxy.mend()
      await people.progress(2)
    }
  }))

test('what has a time to live ends with it, is told, and lives on when renewed, whoever leads', async (t) => {
  const connect = connectEtcd
  const { endpoints } = etcd
  const store = openEtcdStore({ endpoints, prefix: '/leases/', connect, clock: systemClock })
  t.after(() => store.close())
  const ending = new AbortController()
  t.after(() => ending.abort())
  const put = (key: string, ttlMs: number) => store.commit({ put: [{ key, value: 'x', ttlMs }] })
  const removed = (async () => {
    for await (const event of store.watch('', ending.signal)) {
      if (event.kind === 'reset') await begin()
      if (event.kind === 'removed') return event.key
    }
    return undefined
  })()
  async function begin(): Promise<void> {
    if ((await store.get('renewed')) !== undefined) return
    await put('renewed', 2000)
    await put('renewed', 600_000)
    await put('ends', 2000)
    await etcd.moveLeader()
  }
  assert.equal(await removed, 'ends')
  assert.equal(await store.get('ends'), undefined)
  assert.ok(await store.get('renewed'))
})
