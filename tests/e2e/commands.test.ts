/** Proves the commands against a real server: what they print, where, and their exit codes. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { RunningCommand, temporaryFolder, vectron } from './vectron-command.ts'

const cwd = temporaryFolder()
let url = ''

before(async () => {
  const args = ['start', '--json', '--no-demo', '--port', '0', '--grpc-port', '0']
  const server = new RunningCommand(args, { cwd })
  const [line] = await server.until(/^\{.*\}$/m)
  url = JSON.parse(line).url
})

/** Runs a command in the server's folder, whose profile it finds. */
const run = (
  args: readonly string[],
  options: { env?: Record<string, string>; input?: string } = {},
) => vectron(args, { cwd, ...options })

/** Runs a command that must succeed; answers its JSON. */
async function json(args: readonly string[]) {
  const { code, stdout, stderr } = await run([...args, '-o', 'json'])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

/** Writes a file into the folder. */
function file(name: string, content: string | Buffer): string {
  const target = path.join(cwd, name)
  writeFileSync(target, content)
  return target
}

test('a collection is created, listed, changed, described and deleted', async () => {
  const created = await json([
    ...['collection', 'create', 'notes', '--dimension', '3', '--metric', 'dot'],
    ...['--field', 'author:keyword', '--field', 'year:integer'],
  ])
  assert.equal(created.metric, 'dot')
  assert.deepEqual(created.payloadSchema, { author: 'keyword', year: 'integer' })
  const listed = await json(['collection', 'list'])
  assert.ok(listed.collections.some(({ name }: { name: string }) => name === 'notes'))
  const changed = await json(['collection', 'update', 'notes', '--description', 'mine'])
  assert.equal(changed.description, 'mine')
  assert.equal((await json(['collection', 'get', 'notes'])).description, 'mine')
  assert.equal((await json(['collection', 'stats', 'notes'])).pointsCount, 0)
  const refused = await run(['collection', 'delete', 'notes'])
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /--yes/)
  assert.equal((await run(['collection', 'delete', 'notes', '--yes'])).code, 0)
  assert.equal((await run(['collection', 'get', 'notes'])).code, 3)
})

test('an alias is created, listed, switched and deleted, and its collection is kept', async () => {
  for (const name of ['songs-1', 'songs-2']) {
    await json(['collection', 'create', name, '--dimension', '2'])
  }
  const created = await run(['alias', 'create', 'songs', 'songs-1'])
  assert.equal(created.code, 0, created.stderr)
  assert.match(created.stderr, /songs points to songs-1/)
  assert.equal((await json(['collection', 'get', 'songs'])).name, 'songs-1')
  const refused = await run(['collection', 'delete', 'songs-1', '--yes'])
  assert.notEqual(refused.code, 0)
  assert.match(refused.stderr, /"songs"/)
  assert.equal((await run(['alias', 'switch', 'songs', 'songs-2'])).code, 0)
  assert.deepEqual(await json(['alias', 'list']), {
    aliases: [{ alias: 'songs', collection: 'songs-2' }],
  })
  assert.deepEqual(await json(['alias', 'list', '--collection', 'songs-1']), { aliases: [] })
  assert.equal((await run(['alias', 'delete', 'songs'])).code, 0)
  assert.equal((await run(['alias', 'delete', 'songs'])).code, 3)
  assert.equal((await json(['collection', 'get', 'songs-2'])).name, 'songs-2')
})

test('searches are paged, grouped, fused, and made by examples', async () => {
  await json(['collection', 'create', 'line', '--dimension', '1', '--metric', 'l2'])
  for (const [id, at] of [
    ['a', 0],
    ['b', 1],
    ['c', 3],
    ['d', 7],
  ] as const) {
    const payload = JSON.stringify({ parity: at === 0 ? 'even' : 'odd', at })
    await json(['point', 'upsert', 'line', id, '--vector', `${at}`, '--payload', payload])
  }
  const found = async (args: readonly string[]): Promise<string[]> => {
    const { results } = await json(['search', 'line', '--exact', ...args])
    return results.map(({ id }: { id: string }) => id)
  }
  assert.deepEqual(await found(['--vector', '0', '--offset', '1', '--threshold', '7']), ['b', 'c'])
  assert.deepEqual(await found(['--like', 'a', 'b', '--unlike', 'd']), ['c'])
  assert.deepEqual(await found(['--like', 'a', 'd']), ['c', 'b'])
  assert.deepEqual(await found(['--like', 'a', 'd', '--like-by', 'best_score']), ['b', 'c'])
  const legs = '{"legs":[{"vector":[0]},{"id":"d","weight":2}],"rankConstant":1}'
  assert.deepEqual(await found(['--fused', legs, '-k', '2']), ['c', 'a'])
  const paged = ['search', 'line', '--vector', '0', '-k', '3', '--exact']
  const { stderr } = await run([...paged, '--page-token', ''])
  const [, token = ''] = /--page-token (\S+)/.exec(stderr) ?? []
  const rest = await run([...paged, '--page-token', token])
  assert.match(rest.stdout, /\bd\b/)
  assert.doesNotMatch(rest.stderr, /--page-token/)
  const grouped = await run(['search', 'line', '--vector', '0', '--group-by', 'parity'])
  assert.match(grouped.stdout, /parity +score +id.*\neven +0\.0000 +a.*\nodd +1\.0000 +b/i)
  const shown = await json(['search', 'line', '--id', 'a', '-k', '1', '--fields', 'at'])
  assert.deepEqual(shown.results[0].payload, { at: 1 })
})

test('points are written, read, changed, counted, listed and deleted', async () => {
  await json(['collection', 'create', 'points', '--dimension', '2', '--metric', 'l2'])
  for (const [id, vector, year] of [
    ['a', '1,0', 2001],
    ['b', '0,1', 2002],
    ['c', '1,1', 2003],
  ] as const) {
    const payload = JSON.stringify({ year })
    await json(['point', 'upsert', 'points', id, '--vector', vector, '--payload', payload])
  }
  const got = await json(['point', 'get', 'points', 'a', 'b', '--with-vector'])
  const { version, ...rest } = got.points[1]
  assert.deepEqual(rest, { id: 'b', payload: { year: 2002 }, vector: [0, 1] })
  const changed = ['point', 'update-payload', 'points', '--id', 'b', '--set', '{"year":2002}']
  assert.equal((await json([...changed, '--if-version', `${version}`])).affected, 1)
  const stale = await run([...changed, '--if-version', `${version}`])
  assert.match(stale.stderr, /VERSION_MISMATCH/)
  assert.equal((await run(['point', 'get', 'points', 'a', 'zzz'])).code, 3)
  const filter = '{"field":"year","range":{"gte":2002}}'
  assert.equal((await json(['point', 'count', 'points', '--filter', filter])).count, 2)
  await json(['point', 'update-payload', 'points', '--id', 'a', '--set', '{"year":2010,"x":1}'])
  const scrolled = await run(['point', 'scroll', 'points', '--limit', '2', '-o', 'jsonl'])
  assert.equal(
    scrolled.stdout.replaceAll(/,"version":\d+/g, ''),
    '{"id":"a","payload":{"year":2010,"x":1}}\n{"id":"b","payload":{"year":2002}}\n',
  )
  const years = await json(['point', 'facet', 'points', 'year', '--limit', '2'])
  assert.deepEqual(years, {
    counts: [2002, 2003].map((value) => ({ value, count: 1 })),
    exact: true,
  })
  const soon = ['point', 'update-payload', 'points', '--id', 'b', '--expires']
  const once = ['--request-id', 'once']
  const time = '2999-01-01T00:00:00Z'
  for (let sent = 0; sent < 2; sent++) {
    assert.equal((await json([...soon, time, ...once])).affected, 1)
  }
  assert.match((await run([...soon, 'never', ...once])).stderr, /IDEMPOTENCY_KEY_REUSED/)
  const expiring = await json(['point', 'get', 'points', 'b'])
  assert.equal(expiring.points[0].expireTime, '2999-01-01T00:00:00.000Z')
  assert.equal((await json([...soon, 'never'])).affected, 1)
  const search = await json(['search', 'points', '--id', 'a', '-k', '1', '--explain'])
  assert.equal(search.results[0].id, 'c')
  assert.equal(search.plans.length, 1)
  assert.equal(search.plans[0].alternatives.length, 2)
  const wide = ['search', 'points', '--id', 'a', '-k', '1', '--width', '50', '--why-not', 'b']
  const { results, whyNot } = await json(wide)
  assert.deepEqual([results.length, results[0].id, whyNot.cause], [1, 'c', 'outranked'])
  const refused = await run(['point', 'delete', 'points', '--filter', filter])
  assert.equal(refused.code, 2)
  await json(['point', 'delete', 'points', '--filter', filter, '--yes'])
  assert.equal((await json(['point', 'count', 'points'])).count, 0)
})

test('a table has titles on standard output and remarks on standard error', async () => {
  await json(['collection', 'create', 'table', '--embedder', 'glove-sif-100'])
  for (const [id, text] of [
    ['1', 'a young dog'],
    ['2', 'a prime number'],
  ] as const) {
    const payload = JSON.stringify({ text })
    await json(['point', 'upsert', 'table', id, '--text', text, '--payload', payload])
  }
  const { code, stdout, stderr } = await run(['search', 'table', 'puppies'])
  assert.equal(code, 0)
  const [titles, first] = stdout.split('\n')
  assert.match(titles ?? '', /^ *SCORE +ID +TEXT$/)
  assert.match(first ?? '', /1 +a young dog$/)
  assert.match(stderr, /2 results, exact/)
  assert.ok(!stdout.includes('\x1b'), 'no colours where output is no terminal')
  const unknown = await run(['search', 'table', 'zzxqvk'])
  assert.equal(unknown.code, 2)
  assert.match(unknown.stderr, /zzxqvk/)
})

test('JSON lines are imported and exported; wrong rows are named and left out', async () => {
  await json(['collection', 'create', 'lines', '--dimension', '2'])
  const source = file(
    'points.jsonl',
    [
      '{"id":"a","vector":[1,0],"payload":{"n":1}}',
      '{"id":"b","vector":[1,2,3]}',
      'not json',
      '{"id":"c","vector":[0.25,0.5],"n":3}',
      '{"id":"d"}',
      '',
    ].join('\n'),
  )
  const { code, stdout, stderr } = await run(['import', 'lines', source, '-o', 'json'])
  assert.equal(code, 2)
  assert.deepEqual(JSON.parse(stdout), { collection: 'lines', written: 2, problems: 3 })
  assert.match(stderr, /^row 2: .*3/m)
  assert.match(stderr, /^row 3: not valid JSON/m)
  assert.match(stderr, /^row 5: /m)
  const target = path.join(cwd, 'exported.jsonl')
  assert.equal((await run(['export', 'lines', target])).code, 0)
  const exported = readFileSync(target, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(exported, [
    { id: 'a', vector: [1, 0], payload: { n: 1 } },
    { id: 'c', vector: [0.25, 0.5], payload: { n: 3 } },
  ])
  const piped = await run(['import', 'lines', '-'], { input: '{"id":"e","vector":[0,1]}\n' })
  assert.equal(piped.code, 0, piped.stderr)
  assert.equal((await json(['point', 'count', 'lines'])).count, 3)
})

test('npy and fvecs are imported into a collection that is created for them', async () => {
  const rows = Array.from({ length: 1000 }, (_, row) => [row, 1, -row])
  const fvecs = Buffer.concat(
    rows.map((row) => {
      const bytes = Buffer.alloc(16)
      bytes.writeInt32LE(3, 0)
      row.forEach((value, index) => {
        bytes.writeFloatLE(value, 4 + 4 * index)
      })
      return bytes
    }),
  )
  const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000, 3), }\n"
  const npy = Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([header.length, 0]),
    Buffer.from(header, 'latin1'),
    Buffer.from(Float64Array.from(rows.flat()).buffer),
  ])
  for (const [name, content] of [
    ['rows.fvecs', fvecs],
    ['rows.npy', npy],
  ] as const) {
    const collection = name.replace('.', '-')
    const args = ['import', collection, file(name, content), '--create', '--metric', 'l2']
    const imported = await run([...args, '--batch-size', '64'])
    assert.equal(imported.code, 0, imported.stderr)
    const { points } = await json(['point', 'get', collection, '999', '--with-vector'])
    assert.deepEqual(points[0].vector, [999, 1, -999])
    assert.equal((await json(['point', 'count', collection])).count, 1000)
  }
  const wrong = await run(['import', 'rows-npy', file('wrong.npy', 'x')])
  assert.equal(wrong.code, 2)
})

test('the cluster behind a server is shown and managed', async () => {
  const { workers } = await json(['worker', 'list'])
  assert.deepEqual([workers.length, workers[0].state], [1, 'up'])
  const { workerId } = workers[0]
  assert.equal((await json(['worker', 'drain', String(workerId)])).draining, true)
  assert.equal((await json(['worker', 'list'])).workers[0].state, 'draining')
  assert.equal((await json(['worker', 'undrain', String(workerId)])).draining, false)
  const { events } = await json(['cluster', 'events'])
  assert.match(events.at(-1).text, /no longer drained/)
  assert.equal((await json(['cluster', 'health'])).clusterId.length, 32)
  assert.equal((await json(['cluster', 'members'])).members.length, 1)
  assert.deepEqual((await json(['cluster', 'rebalance'])).operators, [])
  assert.deepEqual((await json(['cluster', 'operators'])).operators, [])
  const table = await run(['shard', 'list'])
  assert.match(table.stdout, /^ *SHARD +COLLECTION +FROM +EPOCH +LEADER +POINTS +REPLICAS/)
  assert.equal((await run(['cluster', 'cancel', '999'])).code, 3)
  assert.equal((await run(['worker', 'remove', 'x'])).code, 2)
})

test('exit codes tell what went wrong', async () => {
  assert.equal((await run(['collection', 'get', 'nowhere'])).code, 3)
  const wrongKey = await run(['collection', 'list', '--api-key', 'vk_dev_x'])
  assert.equal(wrongKey.code, 4)
  await json(['collection', 'create', 'twice', '--dimension', '2'])
  assert.equal((await run(['collection', 'create', 'twice', '--dimension', '2'])).code, 5)
  const nobody = await run(['collection', 'list', '--url', 'http://127.0.0.1:9'])
  assert.equal(nobody.code, 6)
  assert.match(nobody.stderr, /vectron start/)
  assert.equal((await run(['search', 'twice'])).code, 2)
  assert.equal((await run(['bogus'])).code, 2)
  assert.equal((await run(['import', 'twice', 'absent.jsonl'])).code, 3)
  assert.equal((await run(['help', 'exit-codes'])).code, 0)
})

test('flags win over the environment, which wins over the profile', async () => {
  const settings = async (args: readonly string[], env?: Record<string, string>) => {
    const options = env === undefined ? {} : { env }
    const { stdout } = await run(['config', 'client', '-o', 'json', ...args], options)
    return JSON.parse(stdout).settings[0]
  }
  assert.deepEqual(await settings([]), {
    setting: 'url',
    value: url,
    origin: '.vectron/profile.json',
  })
  const env = { VECTRON_URL: 'http://127.0.0.1:1' }
  assert.equal((await settings([], env)).origin, 'VECTRON_URL')
  assert.equal((await settings(['--url', 'http://127.0.0.1:2'], env)).origin, '--url')
})

test('doctor checks the machine and the server', async () => {
  const { code, stdout } = await run(['doctor', '-o', 'json'])
  const { checks } = JSON.parse(stdout)
  assert.ok(checks.some(({ found }: { found: string }) => /fsyncs\/s/.test(found)))
  const server = checks.find(({ check }: { check: string }) => check === `server ${url}`)
  assert.equal(server.status, 'ok', server.advice)
  assert.equal(code, 0)
})

test('every command has help', async () => {
  const { stdout } = await run(['--help'])
  const commands = [...stdout.matchAll(/^ {2}([a-z]+)[ [<]/gm)].map(([, name]) => name as string)
  assert.ok(commands.length >= 10, commands.join())
  for (const command of commands) {
    const { code, stdout: help } = await run([command, '--help'])
    assert.equal(code, 0)
    assert.match(help, /^Usage: vectron /)
  }
})
