/** Proves how `vectron start` begins, what it prints, and how it ends. */
import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { RunningCommand, temporaryFolder, vectron } from './vectron-command.ts'

const ANY_PORTS = ['--port', '0', '--grpc-port', '0']

/** Starts a server whose ready line is JSON. */
async function startWithJson(args: readonly string[], cwd = temporaryFolder()) {
  const command = new RunningCommand(['start', '--json', '--no-demo', ...ANY_PORTS, ...args], {
    cwd,
  })
  const [line] = await command.until(/^\{.*\}$/m)
  return { command, cwd, ready: JSON.parse(line) }
}

/** Holds a port of the loopback for the time of `work`. */
async function withBusyPort(work: (port: number) => Promise<void>): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    await work(address.port)
  } finally {
    server.close()
  }
}

test('--json prints one line when ready, and Ctrl-C ends with code 0', async () => {
  const { command, cwd, ready } = await startWithJson([])
  assert.equal(ready.event, 'ready')
  assert.equal(ready.kept, true)
  assert.equal(ready.data, path.join(cwd, '.vectron'))
  assert.match(ready.url, /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.match(ready.grpc, /^127\.0\.0\.1:\d+$/)
  assert.equal((await fetch(`${ready.url}/readyz`)).status, 200)
  command.signal('SIGINT')
  const { code, stdout } = await command.end()
  assert.equal(code, 0)
  assert.equal(stdout.trim().split('\n').length, 1)
})

test('the banner has addresses, a key that works, the data folder, the next command', async () => {
  const cwd = temporaryFolder()
  const command = new RunningCommand(['start', '--no-demo', ...ANY_PORTS], { cwd })
  const [, url] = await command.until(/API +(http:\S+)/)
  const [, key] = await command.until(/API key +(vk_\S+)/)
  await command.until(/Data +\.\/\.vectron +kept/)
  await command.until(/^Try +npx vectron /m)
  const answer = await fetch(`${url}/v1/collections`, {
    headers: { authorization: `Bearer ${key}` },
  })
  assert.equal(answer.status, 200)
  command.signal('SIGTERM')
  const { code, stderr } = await command.end()
  assert.equal(code, 0)
  assert.match(stderr, /Stopping.*Stopped\./s)
})

test('the profile is for its owner alone, and a second start keeps the key', async () => {
  const first = await startWithJson([])
  const profile = path.join(first.ready.data, 'profile.json')
  assert.equal(statSync(profile).mode & 0o777, 0o600)
  first.command.signal('SIGINT')
  await first.command.end()
  const second = await startWithJson([], first.cwd)
  assert.equal(second.ready.apiKey, first.ready.apiKey)
  assert.equal(second.ready.clusterId, first.ready.clusterId)
})

test('data is there after a restart', async () => {
  const { command, cwd } = await startWithJson([])
  await vectron(['collection', 'create', 'kept', '--dimension', '3'], { cwd })
  await vectron(['point', 'upsert', 'kept', 'a', '--vector', '1,2,3'], { cwd })
  command.signal('SIGINT')
  await command.end()
  await startWithJson([], cwd)
  const { code, stdout } = await vectron(['search', 'kept', '--vector', '1,2,3', '-o', 'json'], {
    cwd,
  })
  assert.equal(code, 0)
  assert.equal(JSON.parse(stdout).results[0].id, 'a')
})

test('--ephemeral removes its data at the end', async () => {
  const { command, cwd, ready } = await startWithJson(['--ephemeral'])
  assert.equal(ready.kept, false)
  assert.ok(existsSync(ready.data))
  assert.ok(!existsSync(path.join(cwd, '.vectron')))
  command.signal('SIGINT')
  assert.equal((await command.end()).code, 0)
  assert.ok(!existsSync(ready.data))
})

test('a busy HTTP port is named with the flag to use', async () => {
  await withBusyPort(async (port) => {
    const args = ['start', '--no-demo', '--port', String(port), '--grpc-port', '0']
    const { code, stderr } = await vectron(args, { cwd: temporaryFolder() })
    assert.equal(code, 5)
    assert.match(stderr, new RegExp(`Port ${port} is in use`))
    assert.match(stderr, / --port /)
  })
})

test('a busy gRPC port is named with the flag to use', async () => {
  await withBusyPort(async (port) => {
    const args = ['start', '--no-demo', '--port', '0', '--grpc-port', String(port)]
    const { code, stderr } = await vectron(args, { cwd: temporaryFolder() })
    assert.equal(code, 5)
    assert.match(stderr, new RegExp(`Port ${port} is in use`))
    assert.match(stderr, /--grpc-port/)
  })
})

test('a data folder that is in use is refused', async () => {
  const { cwd } = await startWithJson([])
  const { code, stderr } = await vectron(['start', '--no-demo', ...ANY_PORTS], { cwd })
  assert.equal(code, 5)
  assert.match(stderr, /--data/)
})

test('a flag that does not exist, or a value that is no port, is a usage error', async () => {
  const cwd = temporaryFolder()
  assert.equal((await vectron(['start', '--prot', '1'], { cwd })).code, 2)
  const wrong = await vectron(['start', '--no-demo', '--port', 'http'], { cwd })
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /--port/)
  assert.equal((await vectron(['start', '--data', 'x', '--ephemeral'], { cwd })).code, 2)
})
