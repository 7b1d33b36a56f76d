/**
 * Random logs, in real files that are put aside, with torn lines and equal times, read a page at a
 * time within random bounds: what the pages give together is all entries of all logs, sorted.
 */
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  type AuditFilter,
  type AuditLog,
  deadlineAfter,
  openAuditLog,
  type Random,
  seededRandom,
  systemClock,
  testSeed,
  VectronError,
} from '@vectron/base'
import type { AuditSource } from './audit-sources.ts'
import { mergeAudit, NEWEST, type Place } from './merge-audit.ts'

const RUNS = 60
const START_MS = Date.UTC(2026, 10, 28)
const COMMAND = 'node tools/run.mjs --test services/gateway/src/access/merge-audit.prop.test.ts'
const CALL = {
  deadline: deadlineAfter(systemClock, 60_000),
  signal: new AbortController().signal,
}

interface Written {
  readonly id: string
  readonly time: string
  readonly result: string
  /** Number of its log. */
  readonly log: number
}

interface World {
  readonly logs: readonly AuditLog[]
  readonly written: readonly Written[]
}

interface WorldOptions {
  readonly folder: string
  readonly random: Random
  /** Whether the clock is set back now and then. */
  readonly setsBack: boolean
}

/** A log of each of up to three processes, which write by turns as it falls. */
function createWorld({ folder, random, setsBack }: WorldOptions): World {
  let nowMs = START_MS
  const clock = { ...systemClock, nowMs: () => nowMs }
  const files = Array.from({ length: 1 + random.nextBelow(3) }, (_, at) =>
    join(folder, `${at}.log`),
  )
  const logs = files.map((file) =>
    openAuditLog({
      ...{ file, clock, filesMax: 100, fileBytesMax: 500 + random.nextBelow(20_000) },
      onFailed: (error) => assert.fail(String(error)),
    }),
  )
  const written: Written[] = []
  const count = random.nextBelow(80)
  for (let at = 0; at < count; at++) {
    nowMs += random.nextBelow(3)
    if (setsBack && random.nextBelow(10) === 0) nowMs -= random.nextBelow(20)
    const log = random.nextBelow(logs.length)
    const result = random.nextBelow(3) === 0 ? 'FORBIDDEN' : 'ok'
    const common = { action: 'key.create', actor: 'k', project: 'p', subject: '', peer: '' }
    logs[log]?.write({ ...common, result, requestId: `${at}` })
    written.push({ id: `${at}`, time: new Date(nowMs).toISOString(), result, log })
    if (random.nextBelow(10) === 0) appendFileSync(files[log] ?? '', '{"time":"20\n')
  }
  return { logs, written }
}

/** Of the same time, those of the first log come first; within a log, the later one. */
function newestFirst(written: readonly Written[], logs: number): string[] {
  const each = Array.from({ length: logs }, (_, log) =>
    written.filter((one) => one.log === log).reverse(),
  )
  const sorted = each.flat().sort((a, b) => (a.time === b.time ? 0 : a.time < b.time ? 1 : -1))
  return sorted.map(({ id }) => id)
}

interface PagesOptions {
  readonly random: Random
  readonly filter: AuditFilter
  /** Whether a source cannot be read just now. Default: it always can. */
  readonly isDown?: () => boolean
}

async function readPages({ logs }: World, { random, filter, isDown }: PagesOptions) {
  const sources = logs.map(
    (log, at): AuditSource => ({
      name: `log ${at}`,
      readPage: async (query) => {
        if (isDown?.()) throw new VectronError('UNAVAILABLE', 'It is down.')
        // Now and then one line, which may be torn.
        const bytesMax = random.nextBelow(3) === 0 ? 1 : random.nextBelow(3000)
        const page = await log.readPage({ ...query, bytesMax })
        return { ...page, kept: true }
      },
    }),
  )
  const ids: string[] = []
  const missing: string[] = []
  let places: readonly Place[] | undefined = logs.map(() => NEWEST)
  while (places !== undefined) {
    const entriesMax = 1 + random.nextBelow(10)
    const page = await mergeAudit(sources, { places, entriesMax, filter }, CALL)
    assert.ok(page.entries.length <= entriesMax)
    ids.push(...page.entries.map(({ requestId }) => requestId))
    missing.push(...page.missing)
    places = page.next
  }
  return { ids, missing }
}

const ANY: AuditFilter = {
  ...{ project: undefined, actor: '', action: '', subject: '', result: '' },
  ...{ since: '', until: '' },
}

async function inRuns(t: TestContext, run: (options: Omit<WorldOptions, 'setsBack'>) => unknown) {
  const seed = testSeed()
  const parent = mkdtempSync(join(tmpdir(), 'vectron-audit-'))
  t.after(() => rmSync(parent, { recursive: true }))
  t.diagnostic(`VECTRON_SEED=${seed}`)
  for (let at = 0; at < RUNS; at++) {
    const folder = join(parent, `${at}`)
    try {
      await run({ folder, random: seededRandom(seed + BigInt(at)) })
    } catch (error) {
      const replay = `VECTRON_SEED=${seed + BigInt(at)} ${COMMAND}`
      throw new Error(`replay: ${replay}`, { cause: error })
    }
  }
}

test('pages over several logs are all entries of them, sorted', (t) =>
  inRuns(t, async (options) => {
    const { random } = options
    const world = createWorld({ ...options, setsBack: false })
    const someTime = () => world.written[random.nextBelow(world.written.length + 1)]?.time ?? ''
    const filter = {
      ...ANY,
      since: someTime(),
      until: someTime(),
      result: random.nextBelow(2) === 0 ? 'refused' : '',
    }
    const wanted = world.written.filter(
      ({ time, result }) =>
        time >= filter.since &&
        (filter.until === '' || time <= filter.until) &&
        (filter.result === '' || result !== 'ok'),
    )
    const { ids, missing } = await readPages(world, { random, filter })
    assert.deepEqual(ids, newestFirst(wanted, world.logs.length))
    assert.deepEqual(missing, [])
  }))

test('where a clock was set back, every entry comes once all the same', (t) =>
  inRuns(t, async (options) => {
    const world = createWorld({ ...options, setsBack: true })
    const { ids } = await readPages(world, { random: options.random, filter: ANY })
    const inOrder = (all: readonly string[]) => all.map(Number).sort((a, b) => a - b)
    assert.deepEqual(inOrder(ids), inOrder(world.written.map(({ id }) => id)))
  }))

test('a log that cannot be read is told, and gives its entries once it can be', (t) =>
  inRuns(t, async (options) => {
    const { random } = options
    const world = createWorld({ ...options, setsBack: false })
    let failures = 0
    const isDown = () => {
      const fails = random.nextBelow(4) === 0
      if (fails) failures += 1
      return fails
    }
    const { ids, missing } = await readPages(world, { random, filter: ANY, isDown })
    assert.equal(missing.length, failures)
    assert.ok(missing.every((told) => /^log \d: It is down\.$/.test(told)))
    assert.equal(new Set(ids).size, ids.length)
    for (const log of world.logs.keys()) {
      const own = world.written.filter((one) => one.log === log).map(({ id }) => id)
      const shown = ids.filter((id) => own.includes(id))
      // From the newest back without a gap, until the list ended.
      assert.deepEqual(shown, own.reverse().slice(0, shown.length))
    }
  }))

test('a gateway without a log says so, and asks for no page more because of it', async () => {
  const empty = { entries: [], next: '', scannedTo: '' }
  const sources: AuditSource[] = [
    { name: 'the gateway g', readPage: async () => ({ ...empty, kept: false }) },
    { name: 'the authenticator', readPage: async () => ({ ...empty, kept: true }) },
  ]
  const query = { places: [NEWEST, NEWEST], entriesMax: 5, filter: ANY }
  assert.deepEqual(await mergeAudit(sources, query, CALL), {
    entries: [],
    next: undefined,
    missing: ['the gateway g: it keeps no audit log'],
    kept: true,
  })
})
