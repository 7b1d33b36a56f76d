/** Proves what signals do to a server that takes long to stop. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const MODULE = fileURLToPath(new URL('./until-stopped.ts', import.meta.url))
/** A server that never comes to its end by itself. */
const PROGRAM = `
  import { untilStopped } from ${JSON.stringify(MODULE)}
  const { stopped } = untilStopped((text) => console.log(text))
  setInterval(() => {}, 1000)
  console.log('running')
  await stopped
  console.log('stopping')
`

async function startProgram() {
  const args = ['--input-type=module', '--eval', PROGRAM]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let output = ''
  const until = async (text: string) => {
    while (!output.includes(text)) output += String(await once(child.stdout, 'data'))
  }
  await until('running')
  return { child, ended, until }
}

test('the same Ctrl-C arriving twice is one; a later one ends the process at once', async () => {
  const { child, ended, until } = await startProgram()
  child.kill('SIGINT')
  child.kill('SIGINT')
  await until('stopping')
  assert.equal(child.exitCode, null)
  await new Promise((resolve) => setTimeout(resolve, 350))
  child.kill('SIGINT')
  assert.deepEqual(await ended, [130, null])
})

test('SIGTERM begins a clean stop too', async () => {
  const { child, until } = await startProgram()
  child.kill('SIGTERM')
  await until('stopping')
  assert.equal(child.exitCode, null)
  child.kill('SIGKILL')
})
