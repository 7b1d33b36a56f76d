/** RaftLog through the addon: a process killed at any moment loses no acknowledged append. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createRaftCore, openRaftLog, type RaftCore } from './index.ts'

const GROUP = 5n
const CYCLES = 5
/** Tells the child of the test which folder to append to. */
const CHILD = 'VECTRON_TEST_APPEND_TO'

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vectron-log-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

function createCore(recovered: Uint8Array | undefined): RaftCore {
  const core = createRaftCore({
    seed: 1n,
    electionTicks: 15,
    heartbeatTicks: 2,
    messageBytesMax: 1 << 18,
    inflightMessagesMax: 64,
    uncommittedBytesMax: 1 << 26,
    committedBytesPerPollMax: 1 << 22,
  })
  const bootstrap = [{ replica: 1n, learner: false }]
  core.createGroup({ group: GROUP, replica: 1n, bootstrap, recovered, applied: 0n })
  core.campaign(GROUP)
  return core
}

/** Appends until it is killed, and prints each index that was acknowledged. */
async function appendForEver(folder: string): Promise<never> {
  const log = await openRaftLog(folder)
  const core = createCore(log.load(GROUP))
  for (;;) {
    const proposed = core.propose(GROUP, new Uint8Array(1 + Math.random() * 5000).fill(1))
    for (let poll = core.poll(); poll !== undefined; poll = core.poll()) {
      if (poll.records !== undefined) await log.append(poll.records)
      core.persisted(poll.batch)
      for (const { entries } of poll.committed) core.applied(GROUP, entries.at(-1)!.index)
    }
    assert.equal(proposed.kind, 'accepted')
    process.stdout.write(`${proposed.index}\n`)
  }
}

const folderOfChild = process.env[CHILD]
if (folderOfChild !== undefined) await appendForEver(folderOfChild)

test('kill -9 at any moment loses no acknowledged append', async (context) => {
  const folder = await temporaryFolder(context)
  let acknowledged = 0n
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const writer = spawn(process.execPath, [import.meta.filename], {
      env: { ...process.env, [CHILD]: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    const enough = new Promise<void>((resolve) => {
      writer.stdout.on('data', (chunk) => {
        output += chunk
        if (output.split('\n').length > 20 + 10 * cycle) resolve()
      })
    })
    await enough
    writer.kill('SIGKILL')
    await once(writer, 'close')
    const whole = output.slice(0, output.lastIndexOf('\n')).split('\n')
    acknowledged = BigInt(whole.at(-1)!)

    const log = await openRaftLog(folder)
    const core = createCore(log.load(GROUP))
    const { lastIndex } = core.status(GROUP)!
    assert.ok(lastIndex >= acknowledged, `${acknowledged} was acknowledged, found ${lastIndex}`)
    await log.close()
  }
  assert.ok(acknowledged > 20n * BigInt(CYCLES))
})

test('a log that is open refuses a second opener, and a closed one refuses appends', async (context) => {
  const folder = await temporaryFolder(context)
  const log = await openRaftLog(folder)
  await assert.rejects(openRaftLog(folder), { reason: 'DATA_IN_USE' })
  await log.close()
  await assert.rejects(log.append(new Uint8Array()), { reason: 'INTERNAL' })
  const again = await openRaftLog(folder)
  await again.close()
})

test('what the addon throws names its reason and subject', () => {
  const core = createCore(undefined)
  assert.equal(core.step(GROUP, new Uint8Array([1, 2, 3])), undefined)
  assert.throws(() => core.applyConfChange(GROUP, 2n, new Uint8Array([1, 2, 3])), {
    reason: 'DATA_CORRUPT',
    subject: 'raft group 5',
  })
  assert.throws(() => core.step(-1n, new Uint8Array()), { reason: 'INVALID_ARGUMENT' })
  assert.throws(() => core.propose(99n, new Uint8Array([1])), { reason: 'INTERNAL' })
})
