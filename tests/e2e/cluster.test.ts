/**
 * Proves a cluster of real processes, made and broken by the command: nothing acknowledged is lost
 * when a worker and the leader of placement are killed amid writes, a killed node comes back, and
 * each command tells what it did or what to do instead.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { Vectron, VectronApiError } from '@vectron/client'
import { WriteLedger } from '@vectron/testkit'
import { temporaryFolder, vectron } from './vectron-command.ts'

const WRITERS = 4
const IDS_OF_EACH = 10

const cwd = temporaryFolder()
const folder = path.join(cwd, 'c')

const cluster = (...args: string[]) => vectron(['cluster', ...args, '--folder', folder], { cwd })

async function succeed(...args: string[]) {
  const { code, stdout, stderr } = await cluster(...args)
  assert.equal(code, 0, stderr)
  return stdout
}

interface Node {
  readonly name: string
  readonly service: string
  readonly state: string
  readonly role: string
}

async function status() {
  const view = JSON.parse(await succeed('status', '--json'))
  const nodes: readonly Node[] = view.nodes
  const stateOf = (name: string) => nodes.find((node) => node.name === name)?.state
  return { nodes, stateOf, shards: view.shards, problems: view.problems }
}

/** Writes to ids of its own, one write after another, until it is ended. */
class Writers {
  readonly ledger = new WriteLedger()
  readonly #vectron: Vectron
  readonly #running: Promise<unknown>
  #acknowledged = 0
  #ended = false

  constructor(vectron: Vectron) {
    this.#vectron = vectron
    this.#running = Promise.all(Array.from({ length: WRITERS }, (_, writer) => this.#write(writer)))
  }

  /** Waits for so many more acknowledged writes. */
  async more(count: number): Promise<void> {
    const goal = this.#acknowledged + count
    while (this.#acknowledged < goal) await new Promise((resolve) => setTimeout(resolve, 10))
  }

  async end(): Promise<void> {
    this.#ended = true
    await this.#running
  }

  async #write(writer: number): Promise<void> {
    const points = this.#vectron.collection('c')
    for (let round = 0; !this.#ended; round++) {
      const id = `${writer}-${round % IDS_OF_EACH}`
      const value = this.ledger.nextValue()
      this.ledger.send(id, value)
      try {
        await points.upsert([{ id, vector: [value, 1], payload: { value } }])
        this.ledger.acknowledge(id, value)
        this.#acknowledged++
      } catch (error) {
        if (!(error instanceof VectronApiError)) throw error
      }
    }
  }
}

async function valuesIn(vectron: Vectron, ids: readonly string[]) {
  const { points } = await vectron.collection('c').getMany(ids, { consistency: 'strong' })
  return new Map(points.map(({ id, payload }) => [id, Number(payload?.['value'])]))
}

test('nothing acknowledged is lost when nodes are killed amid writes', async (t) => {
  // The next test goes on with the cluster. Its folder is removed after the last one.
  let isDone = false
  t.after(async () => {
    if (!isDone) await cluster('stop')
  })
  const counts = ['--workers', '3', '--placement', '3', '--gateways', '1', '--rerankers', '1']
  const ready = JSON.parse(await succeed('start', ...counts, '--port', '0', '--json'))
  assert.equal(ready.nodes.length, 9)
  const client = new Vectron({ url: ready.url, apiKey: ready.apiKey })
  const made = await client.createCollection({ name: 'c', dimension: 2, shardCount: 2 })
  assert.equal(made.replicationFactor, 3)

  const writers = new Writers(client)
  await writers.more(50)
  const before = await status()
  assert.equal(before.shards.length, 2)
  const worker: string = before.shards[0].leader
  const leads = ({ service, role }: Node) => service === 'placement' && role === 'leader'
  const placement = before.nodes.find(leads)?.name ?? ''

  await succeed('kill', worker)
  await writers.more(50)
  await succeed('kill', placement)
  await writers.more(50)
  const broken = await status()
  assert.equal(broken.stateOf(worker), 'down')
  assert.equal(broken.stateOf(placement), 'down')
  assert.notEqual(broken.nodes.find(leads)?.name, placement)
  assert.ok(broken.shards.every(({ leader }: { leader: string }) => leader !== worker))

  await succeed('start', worker)
  await succeed('start')
  await writers.more(50)
  await writers.end()
  const found = await valuesIn(client, writers.ledger.ids())
  assert.deepEqual(writers.ledger.violations(found), [])

  // All at once goes down, and all of it comes back.
  await succeed('stop')
  const stopped = await status()
  assert.ok(stopped.nodes.every(({ state }) => state === 'down'))
  assert.deepEqual(stopped.problems, ['no member of placement runs'])
  assert.ok(existsSync(path.join(folder, 'worker-1', 'data')))
  await succeed('start')
  assert.deepEqual(writers.ledger.violations(await valuesIn(client, writers.ledger.ids())), [])
  isDone = true
})

test('each command tells what it did, or what to do instead', async (t) => {
  t.after(() => cluster('stop'))
  const again = await cluster('start')
  assert.equal(again.code, 5)
  assert.match(again.stderr, /is running already.*\n.*cluster status/)
  const other = await cluster('start', '--workers', '7')
  assert.match(other.stderr, /has --workers 3, not 7/)
  assert.match((await cluster('kill', 'wroker-1')).stderr, /Did you mean "worker-1"\?/)

  await succeed('pause', 'worker-2')
  assert.equal((await status()).stateOf('worker-2'), 'paused')
  await succeed('resume', 'worker-2')
  assert.equal((await status()).stateOf('worker-2'), 'up')
  assert.match(await succeed('logs', 'worker-2', '--lines', '1000'), /info {2}registered/)

  await succeed('add', 'worker')
  assert.equal((await status()).stateOf('worker-4'), 'up')
  await succeed('kill', 'worker-4')
  const dead = await cluster('pause', 'worker-4')
  assert.equal(dead.code, 5)
  assert.match(dead.stderr, /worker-4 is down already. Start it: vectron cluster start worker-4/)
  await succeed('stop')
})

test('a port that is taken is told with the flag that helps', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const args = ['cluster', 'start', '--folder', path.join(cwd, 'taken'), '--port', String(port)]
  const { code, stderr } = await vectron(args, { cwd })
  server.close()
  assert.equal(code, 5)
  assert.match(stderr, new RegExp(`Port ${port} is in use.*--port`))
})
