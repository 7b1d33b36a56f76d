// Proves the way from feedback to a better order, by the commands as people type them: clicks are
// noted, a model is fitted and measured, and a search that uses it shows what people like first.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { seededRandom } from '@vectron/base'
import { type Collection, Vectron } from '@vectron/client'
import { RunningCommand, temporaryFolder, vectron } from './vectron-command.ts'

const POINTS = 400
const QUERIES = 60

const cwd = temporaryFolder()
const models = path.join(cwd, 'models')
const random = seededRandom(11n)
let wines: Collection
let client: Vectron

interface Wine {
  readonly id: string
  readonly vector: number[]
  readonly payload: { readonly stars: number; readonly price: number }
}

const direction = () => {
  const angle = 2 * Math.PI * random.nextFloat()
  return [Math.cos(angle), Math.sin(angle)]
}
const stock: Wine[] = Array.from({ length: POINTS }, (_, at) => ({
  id: `w${at}`,
  vector: direction(),
  payload: { stars: random.nextBelow(6), price: random.nextBelow(100) },
}))

before(async () => {
  mkdirSync(models)
  const ports = ['--port', '0', '--grpc-port', '0']
  const server = new RunningCommand(['start', '--json', '--no-demo', ...ports], {
    cwd,
    env: { VECTRON__RERANK__MODELS: models },
  })
  const [line] = await server.until(/^\{.*\}$/m)
  const { url, apiKey } = JSON.parse(line)
  client = new Vectron({ url, apiKey })
  await client.createCollection({ name: 'wines', dimension: 2 })
  wines = client.collection('wines')
  await wines.upsert(stock)
})

test('Without feedback there is nothing to learn, and the command says where it comes from.', async () => {
  const out = path.join(models, 'wines.json')
  const { code, stderr } = await vectron(['rerank', 'train', 'wines', '--out', out], { cwd })
  assert.equal(code, 3)
  assert.match(stderr, /wines-feedback/)
})

test('People who like stars are learnt from; the model is measured, kept and used.', async () => {
  // Of the nearest fifty, people click what has five stars, however far down it stands.
  for (let query = 0; query < QUERIES; query++) {
    const vector = direction()
    const { results } = await wines.search({ vector, topK: 50 })
    const liked = results.filter(({ payload }) => payload?.['stars'] === 5)
    await wines.addFeedback(
      liked.map(({ id }) => ({ vector, id, kind: 'click', requestId: `q${query}` })),
    )
  }
  const features = path.join(cwd, 'features.json')
  writeFileSync(
    features,
    JSON.stringify({
      features: [
        { kind: 'score' },
        { kind: 'number', field: 'stars' },
        { kind: 'number', field: 'price' },
      ],
    }),
  )
  const out = path.join(models, 'wines.json')
  const train = ['rerank', 'train', 'wines', '--features', features, '--out', out, '--limit', '50']
  const { code, stdout, stderr } = await vectron([...train, '-o', 'json'], { cwd })
  assert.equal(code, 0, stderr)
  const { ndcgBefore, ndcgAfter, heldOutQueries, trainedQueries } = JSON.parse(stdout)
  assert.equal(heldOutQueries + trainedQueries, QUERIES)
  assert.ok(ndcgAfter > 0.9 && ndcgAfter > ndcgBefore + 0.2, stdout)
  const first = readFileSync(out, 'utf8')
  const told = await vectron(train, { cwd })
  assert.match(told.stdout, /^nDCG@10 before +0\.\d{4}\nnDCG@10 after +(0\.9|1\.0)\d{3}/m)
  assert.equal(readFileSync(out, 'utf8'), first, 'the same feedback and seed give the same model')

  const rerank = { strategy: 'linear', parameters: { model: 'wines' }, limit: 50 }
  const { results, rerank: report } = await wines.search({ vector: [1, 0], topK: 5, rerank })
  assert.deepEqual([report?.degraded, report?.candidates], [false, 50])
  assert.match(report?.version ?? '', /^1\+[0-9a-f]{12}$/)
  assert.ok(results.every(({ payload }) => payload?.['stars'] === 5))
  assert.match(results[0]?.rerankReason ?? '', /number\(stars\)/)
  await assert.rejects(
    wines.search({ vector: [1, 0], rerank: { ...rerank, parameters: { model: 'wine' } } }),
    /Did you mean "wines"/,
  )
})

test('The commands list strategies, and rerank a search.', async () => {
  const { stdout } = await vectron(['rerank', 'strategies'], { cwd })
  assert.match(stdout, /linear +1 .*fitted to feedback/)
  assert.match(stdout, /rerank\.httpEndpoint names no service/)
  const rerank = JSON.stringify({ strategy: 'linear', parameters: { model: 'wines' } })
  const search = ['search', 'wines', '--vector', '1,0', '--rerank', rerank]
  const { stderr } = await vectron(search, { cwd })
  assert.match(stderr, /reranked 100 candidates by linear 1\+/)
})
