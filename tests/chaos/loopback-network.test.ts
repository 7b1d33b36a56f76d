/** Processes on a loopback network end with the run, however early it ends. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { LoopbackNetwork } from './loopback-network.ts'

test('a process runs for the run that started it, and for nobody else', async () => {
  const host = await new LoopbackNetwork([]).addHost('worker1')
  const [program, ...prefix] = host.commandPrefix as [string, ...string[]]
  const ours = spawnSync(program, [...prefix, 'echo', 'runs'], { encoding: 'utf8' })
  assert.equal(ours.stdout, 'runs\n')
  // As when the run is killed between the start of the process and its first call: by the time
  // that the kernel is told, the process has another parent.
  const inherited = ['-c', '"$@"; exit 0', 'sh', program, ...prefix, 'echo', 'runs']
  assert.equal(spawnSync('sh', inherited, { encoding: 'utf8' }).stdout, '')
})
