/**
 * Proves the search lab in a real browser: what is asked is in the address, two ways stand side by
 * side, the code to take along runs and gives what is shown, and judgements reach the feedback.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { Vectron } from '@vectron/client'
import type { Locator, Page } from 'playwright-core'
import { COMMAND } from '../cluster/local-cluster.ts'
import { type OpenedConsole, openConsole, settled } from './open-console.ts'

const TEXTS = [
  'a young dog',
  'a big dog that barks at night',
  'a small cat',
  'a cat that sleeps all day',
  'deep water of a lake',
  'the sea and its waves',
  'a loud noise in the street',
  'a quiet evening at home',
  'bread and butter',
  'fresh milk of the farm',
]
const REPOSITORY = path.resolve(import.meta.dirname, '../..')

let opened: OpenedConsole
let page: Page

before(async () => {
  opened = await openConsole({ of: 'cluster' })
  page = opened.page
  const vectron = new Vectron(opened.vectron)
  await vectron.createCollection({ name: 'sayings', embedder: 'glove-sif-100' })
  await vectron.collection('sayings').upsert(
    TEXTS.flatMap((text, index) =>
      ['old', 'new'].map((age) => ({
        id: `${age}-${index}`,
        text: `${age} ${text}`,
        payload: { text: `${age} ${text}`, age, letters: text.length },
      })),
    ),
  )
})

after(() => opened.close())

test('a text finds its points with their words marked, and the address finds them again', async () => {
  await page.goto(`${opened.vectron.url}/search`)
  await page.getByRole('textbox', { name: 'Text' }).fill('young dogs')
  await page.keyboard.press('Enter')
  await page.getByText('new-0', { exact: true }).waitFor()
  await page.locator('mark', { hasText: 'young' }).first().waitFor()
  await page
    .getByText(/^Exact|^Approximate/)
    .first()
    .waitFor()
  assert.match(page.url(), /q=young(\+|%20)dogs/)
  const before = await idsOf(page.getByRole('region', { name: 'Configuration A' }))
  assert.equal(before.length, 10)
  await page.reload()
  await settled(page)
  assert.deepEqual(await idsOf(page.getByRole('region', { name: 'Configuration A' })), before)
  opened.check()
})

test('two ways stand side by side with how each result moved', async () => {
  const rules = [{ kind: 'termMatch', fields: ['text'], query: 'cat', boost: 5 }]
  const b = { rerank: { strategy: 'rules', parameters: { rules } } }
  await ask({ q: 'a young dog', b })
  const [one, other] = await Promise.all(
    ['A', 'B'].map((name) => idsOf(page.getByRole('region', { name: `Configuration ${name}` }))),
  )
  assert.ok(one && other)
  assert.notDeepEqual(one, other)
  const raised = other.findIndex((id, rank) => one.indexOf(id) > rank)
  const by = one.indexOf(other[raised] ?? '') - raised
  const row = page.getByRole('region', { name: 'Configuration B' }).locator('ol > li').nth(raised)
  await row.getByText(`${by} higher than in A`).waitFor()
  await page.getByText(/Reranked \d+ candidates by rules/).waitFor()
  opened.check()
})

test('explain shows stages, the plan of each shard, and all of it as text', async () => {
  await ask({ by: 'id', q: 'old-0', tab: 'explain' })
  await page.getByRole('region', { name: 'Stages' }).getByText('fan out').waitFor()
  const plans = page.getByRole('region', { name: 'Plans of the shards' })
  await plans
    .getByText(/scan|graph/)
    .first()
    .waitFor()
  await page.getByText(/from 3 of 3 shards/).waitFor()
  opened.check()
})

test('why not: a point that the filter leaves out says by which part', async () => {
  const filter = { must: [{ field: 'age', match: 'new' }] }
  await ask({ q: 'a young dog', a: { filter }, tab: 'why' })
  await page.getByLabel('Which point do you miss?').fill('old-0')
  await page.keyboard.press('Enter')
  await page.getByText('The filter leaves it out').waitFor()
  await page
    .getByText(/filter\.must\[0\]/)
    .first()
    .waitFor()
  assert.match(page.url(), /whyNot=old-0/)
  opened.check()
})

test('what is wrong in the form is said at its field, and nothing is asked', async () => {
  await ask({ q: 'a young dog' })
  const before = page.url()
  await page.getByRole('textbox', { name: 'Filter' }).fill('{"must": [')
  await page.getByRole('textbox', { name: 'Results' }).fill('0')
  await page.getByRole('button', { name: 'Search', exact: true }).last().click()
  await page.getByText(/Not valid JSON/).waitFor()
  await page.getByText('A whole number, 1 to 10,000').waitFor()
  assert.equal(page.url(), before)
  opened.check()
})

const QUESTIONS = [
  { q: "a young dog's life", a: { topK: 4, filter: { must: [{ field: 'age', match: 'new' }] } } },
  { by: 'id', q: 'old-3', a: { topK: 3, exact: true, consistency: 'strong', timeoutMs: 5000 } },
  { by: 'vector', q: JSON.stringify(Array.from({ length: 100 }, (_, i) => Math.sin(i))) },
  { by: 'filter', a: { topK: 5, filter: { must: [{ field: 'letters', range: { gt: 12 } }] } } },
  {
    q: 'a cat',
    a: { topK: 3, rerank: { strategy: 'mmr', parameters: { lambda: 0.3 } }, withPayload: false },
  },
]

for (const question of QUESTIONS) {
  const name = `${'by' in question ? question.by : 'text'}, ${Object.keys(question.a ?? {})}`
  test(`the code to take along gives what is shown: ${name}`, async () => {
    await ask(question)
    const shown = await idsOf(page.getByRole('region', { name: 'Configuration A' }))
    assert.ok(shown.length > 0)
    await page.getByRole('tab', { name: 'Code' }).click()
    const [curl = '', typescript = '', cli = ''] = await page.locator('pre').allTextContents()
    const answer = JSON.parse(await run('bash', ['-c', curl]))
    assert.deepEqual(idsIn(answer.results ?? answer.points), shown)
    const words = `vectron() { "${process.execPath}" "${COMMAND}" "$@"; }; ${cli} -o json`
    const told = JSON.parse(await run('bash', ['-c', words]))
    assert.deepEqual(idsIn(told.results ?? told.points), shown)
    const printed = await run(process.execPath, [
      '--input-type=module-typescript',
      '-e',
      typescript,
    ])
    assert.deepEqual(printed.trim().split('\n'), shown)
    opened.check()
  })
}

test('a thumb up is a judgement in the feedback of the collection', async () => {
  await ask({ q: 'a young dog', a: { topK: 3 } })
  const thumb = page.getByRole('button', { name: /^Good result: / }).first()
  const name = (await thumb.getAttribute('aria-label')) ?? ''
  await thumb.click()
  await page.waitForFunction(
    () => document.querySelector('[aria-pressed=true][aria-label^="Good result"]') !== null,
  )
  const feedback = new Vectron(opened.vectron).collection('sayings-feedback')
  const poll = async () => {
    const points = []
    for await (const { payload } of feedback.scroll()) points.push(payload)
    return points
  }
  const [kept] = await retry(poll)
  assert.equal(kept?.['text'], 'a young dog')
  assert.equal(kept?.['pointId'], name.replace('Good result: ', ''))
  assert.equal(kept?.['grade'], 4)
  opened.check()
})

test('the recall meter measures each width, and its slider tells one', async () => {
  await ask({ q: 'a young dog', a: { topK: 5 }, tab: 'recall' })
  await page.getByRole('button', { name: 'Measure' }).click()
  await page.getByRole('img', { name: /Recall by median time: width 5, .*width 640/ }).waitFor()
  await page.getByText('Recall of the nearest 5').waitFor()
  await page.getByRole('slider', { name: 'Search width' }).focus()
  await page.keyboard.press('ArrowRight')
  await page.getByRole('button', { name: 'Use the width 10 in A' }).click()
  await page.waitForURL(/width%22%3A10/)
  assert.equal(await page.getByLabel('Search width').inputValue(), '10')
  opened.check()
})

/** Opens the lab with a question in its address. */
async function ask(lab: Readonly<Record<string, unknown>>): Promise<void> {
  const search = new URLSearchParams({ collection: 'sayings' })
  for (const [name, value] of Object.entries(lab)) {
    search.set(name, typeof value === 'string' ? value : JSON.stringify(value))
  }
  await page.goto(`${opened.vectron.url}/search?${search}`)
  await settled(page)
}

async function idsOf(region: Locator): Promise<string[]> {
  await region.locator('ol > li').first().waitFor()
  return region.locator('[data-id]').evaluateAll((all) => all.map((one) => one.textContent ?? ''))
}

function idsIn(points: readonly { readonly id: string }[]): string[] {
  return points.map(({ id }) => id)
}

/** What a command prints. @throws AssertionError with its complaints */
async function run(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, {
    cwd: path.join(REPOSITORY, 'tests'),
    env: { ...process.env, VECTRON_API_KEY: opened.vectron.apiKey },
  })
  let [out, complaints] = ['', '']
  child.stdout.on('data', (bytes) => {
    out += bytes
  })
  child.stderr.on('data', (bytes) => {
    complaints += bytes
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 0, complaints)
  return out
}

/** The feedback's collection is made with its first entry. */
async function retry<Value>(poll: () => Promise<Value[]>): Promise<Value[]> {
  for (let turn = 0; turn < 50; turn += 1) {
    const values = await poll().catch((): Value[] => [])
    if (values.length > 0) return values
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('nothing came')
}
