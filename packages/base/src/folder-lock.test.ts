import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isVectronError } from './errors.ts'
import { lockFolder } from './folder-lock.ts'

const inUse = (error: unknown) => isVectronError(error, 'DATA_IN_USE')

test('A folder is locked once, and again after its release.', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-lock-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const lock = lockFolder(folder)
  assert.throws(() => lockFolder(folder), inUse)
  lock.release()
  lockFolder(folder).release()
})

test('A lock ends with its process, even one that is killed.', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-lock-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const door = new URL('./folder-lock.ts', import.meta.url).href
  const script = `
    import { lockFolder } from ${JSON.stringify(door)}
    globalThis.lock = lockFolder(${JSON.stringify(folder)})
    console.log('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  await once(child.stdout, 'data')
  assert.throws(() => lockFolder(folder), inUse)
  child.kill('SIGKILL')
  await once(child, 'exit')
  lockFolder(folder).release()
})
