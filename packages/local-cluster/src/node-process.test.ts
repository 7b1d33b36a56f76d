import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock as clock, isVectronError } from '@vectron/base'
import { processState, signalProcess, spawnNode, waitForEnd } from './node-process.ts'
import { waitUntilReady } from './ready-line.ts'

/** Runs a program of one line as a node. */
function start(t: TestContext, program: string) {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-node-'))
  const files = {
    output: join(folder, 'ready.json'),
    log: join(folder, 'log.jsonl'),
    record: join(folder, 'process.json'),
  }
  const command = [process.execPath, '--eval', program]
  spawnNode({ command, folder, env: process.env, ...files })
  t.after(async () => {
    signalProcess(files.record, 'SIGKILL')
    await waitForEnd(files.record, clock, 5000)
    rmSync(folder, { recursive: true })
  })
  const wait = { name: 'n', ...files, process: files.record, clock, timeoutMs: 20_000 }
  return { ...files, ready: () => waitUntilReady(wait) }
}

const READY =
  'console.log(JSON.stringify({ event: "ready", grpc: "here" })); setInterval(() => {}, 1000)'

test('A node is found by its file while it runs, is paused, goes on and is killed.', async (t) => {
  const { ready, record } = start(t, READY)
  assert.equal((await ready())['grpc'], 'here')
  assert.equal(processState(record).kind, 'up')
  assert.ok(signalProcess(record, 'SIGSTOP'))
  while (processState(record).kind !== 'paused') await new Promise(setImmediate)
  assert.ok(signalProcess(record, 'SIGCONT'))
  while (processState(record).kind !== 'up') await new Promise(setImmediate)
  assert.ok(signalProcess(record, 'SIGKILL'))
  assert.ok(await waitForEnd(record, clock, 5000))
  assert.equal(signalProcess(record, 'SIGTERM'), false)
})

test('A node that ends before it is ready is told with the end of its log.', async (t) => {
  const { ready } = start(
    t,
    'console.error(JSON.stringify({ level: "error", msg: "no disk", err: { message: "full" } }))',
  )
  await assert.rejects(ready(), (error) => {
    assert.ok(isVectronError(error, 'UNAVAILABLE'))
    assert.match(error.message, /n ended before it was ready.*\n {2}error {2}no disk: full/)
    return true
  })
})

test('A file that names the number of another process by now is stale.', async (t) => {
  const { ready, record } = start(t, READY)
  await ready()
  const { pid, startTicks } = JSON.parse(readFileSync(record, 'utf8'))
  if (startTicks === undefined) return
  const stale = `${record}.stale`
  writeFileSync(stale, JSON.stringify({ pid, startTicks: startTicks - 1 }))
  assert.equal(processState(stale).kind, 'down')
  assert.equal(signalProcess(stale, 'SIGKILL'), false)
  assert.equal(processState(record).kind, 'up')
  writeFileSync(stale, 'half a fi')
  assert.equal(processState(stale).kind, 'down')
})
