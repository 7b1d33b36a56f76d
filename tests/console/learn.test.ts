/**
 * Proves that every block of code of the tutorial runs as it is shown: by a shell with curl, by
 * Node, and by the command line; in the order of the steps, with the key that the page makes.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { Vectron } from '@vectron/client'
import { codeOf, LANGUAGES, LEARN_PREFIX, STEPS } from '@vectron/console-service/tutorial'
import { VectronProcess } from '@vectron/testkit'
import { COMMAND } from '../cluster/local-cluster.ts'

const run = promisify(execFile)
/** Beside this test, so that the SDK is found as by a project that has installed it. */
const folder = mkdtempSync(path.join(import.meta.dirname, '.learn-'))
let vectron: VectronProcess
let apiKey: string

before(async () => {
  vectron = await VectronProcess.start({ data: path.join(folder, 'data') })
  const owner = new Vectron({ url: vectron.url, apiKey: vectron.apiKey })
  const made = await owner.projects.createKey('default', {
    name: 'tutorial',
    role: 'admin',
    scopes: [{ collection: `${LEARN_PREFIX}*`, verbs: ['read', 'write', 'admin'] }],
  })
  apiKey = made.text
  // As people have it who have installed the package.
  writeFileSync(
    path.join(folder, 'npx'),
    `#!/bin/sh\nshift\nexec "${process.execPath}" "${COMMAND}" "$@"\n`,
    { mode: 0o755 },
  )
})

after(async () => {
  await vectron.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** What a step says, in each language, once it has run. */
const SAYS: Readonly<Record<string, RegExp>> = {
  create: /learn-books/,
  upsert: /affected|6 points|1 point|the-martian/,
  search: /the-martian|solaris/,
  filter: /treasure-island/,
  explain: /plan|graph|scan|exact/i,
  'why-not': /filter/i,
  rerank: /the-martian/,
  alias: /learn-shelf/,
}

for (const language of LANGUAGES) {
  test(`every step runs as it is shown in ${language}`, async (t) => {
    for (const step of STEPS) {
      await t.test(step.id, async () => {
        const code = codeOf(step, language, vectron.url)
        const said = await (language === 'typescript' ? runNode(code) : runShell(code))
        assert.match(said, SAYS[step.id] ?? /^/)
        // Of a problem: curl ends well with those too.
        assert.doesNotMatch(said, /"requestId": ?"/)
      })
    }
  })
}

async function runShell(code: string): Promise<string> {
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}`, VECTRON_API_KEY: apiKey }
  const { stdout, stderr } = await run('sh', ['-ec', code], { env })
  return stdout + stderr
}

async function runNode(code: string): Promise<string> {
  const file = path.join(folder, 'step.ts')
  writeFileSync(file, code)
  const env = { ...process.env, VECTRON_API_KEY: apiKey }
  const { stdout } = await run(process.execPath, [file], { env })
  return stdout
}
