import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { formatLinearModel, JsonReader, type LinearModel } from '@vectron/ranking'
import { openLinear } from './linear.ts'
import { candidate, jobOf, rankBy, testStrategy } from './strategy.contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'vectron-models-'))
after(() => rmSync(folder, { recursive: true }))

const MODEL: LinearModel = {
  features: [{ kind: 'score' }, { kind: 'number', field: 'stars' }],
  means: [0.5, 50],
  scales: [0.2, 30],
  weights: [1, 3],
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, `${name}.json`), text)
}

write('stars', formatLinearModel(MODEL, { seed: 1 }))
const linear = openLinear({ folder })

testStrategy({
  strategy: linear,
  parameters: [{ model: 'stars' }],
  refused: [
    [{}, 'parameters.model'],
    [{ model: 'nonesuch' }, 'parameters.model'],
    [{ model: '../stars' }, 'parameters.model'],
    [{ model: 3 }, 'parameters.model'],
  ],
})

const JOB = jobOf([
  candidate(0.9, { stars: 20 }),
  candidate(0.8, { stars: 80 }),
  candidate(0.1, {}),
])

test('The score is the weighted sum of standardised features; a missing one is the mean.', async () => {
  const ranked = await rankBy(linear, { model: 'stars' }, JOB)
  assert.deepEqual(
    ranked.map(({ place }) => place),
    [1, 0, 2],
  )
  assert.ok(Math.abs((ranked[0]?.score ?? 0) - ((0.875 - 0.5) / 0.2 + 3)) < 1e-9)
  assert.match(ranked[0]?.reason ?? '', /^\+3 number\(stars\) \+1\.8\d score$/)
})

test('A model that changed is read again, and has another version.', async () => {
  write('moving', formatLinearModel(MODEL, {}))
  const prepare = async () => linear.prepare(new JsonReader({ model: 'moving' }, 'parameters'))
  const before = await prepare()
  assert.equal((await prepare()).version, before.version)
  write('moving', formatLinearModel({ ...MODEL, weights: [1, -3] }, {}))
  utimesSync(join(folder, 'moving.json'), 1, 1)
  const changed = await prepare()
  assert.notEqual(changed.version, before.version)
  const [first] = await changed.rank(JOB)
  assert.equal(first?.place, 0)
})

test('A broken file, or no folder at all, is not the fault of the caller.', async () => {
  write('broken', '{"format": "vectron-linear-1", "features": []}')
  await assert.rejects(rankBy(linear, { model: 'broken' }, JOB), {
    reason: 'UNAVAILABLE',
    message: /broken\.json\.features has 0 items/,
  })
  write('torn', '{"format":')
  await assert.rejects(rankBy(linear, { model: 'torn' }, JOB), { reason: 'UNAVAILABLE' })
  const none = openLinear({ folder: '' })
  assert.match(none.problem(), /rerank\.models/)
  await assert.rejects(rankBy(none, { model: 'stars' }, JOB), { reason: 'UNAVAILABLE' })
})
