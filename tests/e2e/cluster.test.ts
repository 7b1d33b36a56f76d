/**
 * Proves a cluster of real processes, made and broken by the command: what it tells, that a killed
 * node comes back with all that was acknowledged, and that nothing stays behind.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { after, test } from 'node:test'
import { temporaryFolder, vectron } from './vectron-command.ts'

const cwd = temporaryFolder()
const folder = path.join(cwd, 'c')
const env = { VECTRON_DATA: folder }

after(() => vectron(['cluster', 'stop', '--folder', folder]))

const cluster = (...args: string[]) => vectron(['cluster', ...args, '--folder', folder], { cwd })

async function json(args: readonly string[]) {
  const { code, stdout, stderr } = await vectron([...args, '-o', 'json'], { cwd, env })
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

async function status() {
  const { code, stdout, stderr } = await cluster('status', '--json')
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

/** The process of a node, as the status tells it. */
async function node(name: string) {
  const { nodes } = await status()
  return nodes.find((one: { name: string }) => one.name === name)
}

const COUNTS = ['--workers', '2', '--placement', '3', '--gateways', '1']

test('a cluster is made, broken, mended and stopped by the command', async () => {
  const started = await cluster('start', ...COUNTS, '--port', '0', '--json')
  assert.equal(started.code, 0, started.stderr)
  const ready = JSON.parse(started.stdout)
  assert.equal(ready.nodes.length, 7)

  const again = await cluster('start')
  assert.equal(again.code, 5)
  assert.match(again.stderr, /is running already.*\n.*cluster status/)
  const other = await cluster('start', '--workers', '7')
  assert.match(other.stderr, /has --workers 2, not 7/)
  assert.match((await cluster('kill', 'wroker-1')).stderr, /Did you mean "worker-1"\?/)

  await json(['collection', 'create', 'c', '--dimension', '2', '--shards', '2', '--replicas', '1'])
  for (const id of ['a', 'b', 'c', 'd']) {
    await json(['point', 'upsert', 'c', id, '--vector', '1,2'])
  }
  const { shards } = await status()
  assert.equal(shards.length, 2)

  assert.equal((await cluster('kill', 'worker-1')).code, 0)
  assert.equal((await node('worker-1')).state, 'down')
  const dead = await cluster('pause', 'worker-1')
  assert.equal(dead.code, 5)
  assert.match(dead.stderr, /worker-1 is down already. Start it: vectron cluster start worker-1/)
  assert.equal((await cluster('start', 'worker-1')).code, 0)
  assert.equal((await node('worker-1')).state, 'up')
  assert.equal((await json(['point', 'count', 'c'])).count, 4)

  assert.equal((await cluster('pause', 'worker-2')).code, 0)
  assert.equal((await node('worker-2')).state, 'paused')
  assert.equal((await cluster('resume', 'worker-2')).code, 0)
  assert.equal((await node('worker-2')).state, 'up')
  const logs = await cluster('logs', 'worker-2', '--lines', '1000')
  assert.match(logs.stdout, /info {2}registered/)

  assert.equal((await cluster('stop')).code, 0)
  const { nodes, problems } = await status()
  assert.ok(nodes.every(({ state }: { state: string }) => state === 'down'))
  assert.deepEqual(problems, ['no member of placement runs'])
  assert.ok(existsSync(path.join(folder, 'worker-1', 'data')))
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
