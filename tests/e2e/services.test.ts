/**
 * Proves the life of one service in a process of its own: its settings, its ready line, its probes,
 * its log, its lock and its end.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { RunningCommand, temporaryFolder, vectron } from './vectron-command.ts'

const cwd = temporaryFolder()
const FREE_PORTS = ['--set', 'grpc.port=0', '--set', 'admin.port=0']
const AUTH = [
  'auth',
  ...['data.folder=auth', 'node.name=auth-7', 'http.port=0'].flatMap((one) => ['--set', one]),
  ...FREE_PORTS,
]

/** A port that nobody listens on right now. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Lines of TOML without remarks. */
const values = (toml: string) => toml.split('\n').filter((line) => !line.startsWith('#'))

test('the settings in force are printed as a file that gives them again', async () => {
  const env = { VECTRON__PLACEMENT__MEMBERS: 'a:1,b:2' }
  const printing = ['worker', '--print-config']
  const printed = await vectron([...printing, '--set', 'grpc.port=7'], { cwd, env })
  assert.equal(printed.code, 0, printed.stderr)
  assert.match(printed.stdout, /\(flag --set\)\nport = 7$/m)
  assert.match(printed.stdout, /\(env VECTRON__PLACEMENT__MEMBERS\)\nmembers = \[ "a:1", "b:2" \]/)
  writeFileSync(path.join(cwd, 'worker.toml'), printed.stdout)
  const again = await vectron([...printing, '--config', 'worker.toml'], { cwd })
  assert.deepEqual(values(again.stdout), values(printed.stdout))
})

test('what is not a setting is refused with the nearest one', async () => {
  writeFileSync(path.join(cwd, 'wrong.toml'), '[grpc]\nprot = 6200\n')
  const inFile = await vectron(['worker', '--config', 'wrong.toml'], { cwd })
  assert.equal(inFile.code, 2)
  assert.match(inFile.stderr, /grpc\.prot \(file wrong\.toml\)\. Did you mean "grpc\.port"\?/)
  const inFlag = await vectron(['gateway', '--set', 'http.port'], { cwd })
  assert.equal(inFlag.code, 2)
  assert.match(inFlag.stderr, /is not section\.key=value/)
  const absent = await vectron(['auth', '--config', 'absent.toml'], { cwd })
  assert.equal(absent.code, 3)
})

test('a service is ready, probed, locked, and ends cleanly', async () => {
  const running = new RunningCommand(AUTH, { cwd })
  const [line] = await running.until(/^\{"event":"ready".*\}$/m)
  const ready = JSON.parse(line)
  assert.equal(ready.service, 'auth')
  assert.equal(ready.node, 'auth-7')
  const ask = async (route: string) => (await fetch(`${ready.admin}${route}`)).text()
  assert.equal(await ask('/livez'), 'ok\n')
  assert.equal(await ask('/readyz'), 'ok\n')
  assert.match(await ask('/metrics'), /^vectron_build_info\{/m)

  const second = await vectron(AUTH, { cwd })
  assert.equal(second.code, 5)
  assert.match(second.stderr, /is open in another Vectron process/)
  const key = await vectron(['auth', '--set', 'data.folder=auth', '--create-key', 'ci'], { cwd })
  assert.match(key.stdout, /^vk_\w+\n$/)

  running.signal('SIGTERM')
  const { code, stderr } = await running.end()
  assert.equal(code, 0)
  const log = stderr
    .trim()
    .split('\n')
    .map((entry) => JSON.parse(entry))
  assert.ok(log.every(({ name }) => name === 'auth-7'))
  assert.equal(log.at(-1)?.msg, 'stopped')
})

test('a service that still waits for another one says so, and can be stopped', async () => {
  const args = ['worker', '--set', 'data.folder=w', '--set', 'placement.members=127.0.0.1:1']
  const port = await freePort()
  const ports = [...FREE_PORTS, '--set', 'raft.port=0', '--set', `admin.port=${port}`]
  const running = new RunningCommand([...args, ...ports], { cwd })
  const answer = async () => {
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
      if (response !== undefined) return response
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const response = await answer()
  assert.equal(response.status, 503)
  assert.equal(await response.text(), 'worker is starting\n')
  running.signal('SIGTERM')
  assert.equal((await running.end()).code, 0)
})
