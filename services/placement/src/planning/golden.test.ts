/**
 * Golden scripts: each file of testdata/ is a cluster, what happens to it, and what placement makes
 * of it. `VECTRON_RECORD=1` writes them anew; read the difference before it is committed.
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ScriptCluster } from './testing/script-cluster.ts'

const FOLDER = join(import.meta.dirname, 'testdata')

for (const name of readdirSync(FOLDER)) {
  test(`The plan of ${name} is as recorded.`, async () => {
    const file = join(FOLDER, name)
    const recorded = readFileSync(file, 'utf8')
    const cluster = new ScriptCluster()
    const lines: string[] = []
    for (const line of recorded.trimEnd().split('\n')) {
      if (line.startsWith('  ')) continue
      lines.push(line)
      if (line !== '' && !line.startsWith('#')) lines.push(...(await cluster.run(line)))
    }
    const played = `${lines.join('\n')}\n`
    if (process.env['VECTRON_RECORD'] === '1') writeFileSync(file, played)
    else assert.equal(played, recorded, `${name}: VECTRON_RECORD=1 records what changed`)
  })
}
