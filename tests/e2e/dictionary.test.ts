/**
 * Proves the demo of the first start: it is loaded while Vectron serves, goes on after kill -9, is
 * complete, answers by meaning, and is left alone at the next start.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunningCommand, temporaryFolder, vectron } from './vectron-command.ts'

const POINTS = 117_778
const START = ['start', '--json', '--port', '0', '--grpc-port', '0']
const cwd = temporaryFolder()

async function json(args: readonly string[]) {
  const { code, stdout, stderr } = await vectron([...args, '-o', 'json'], { cwd })
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

/** Definitions in the collection; 0 while it does not exist. */
async function count(): Promise<number> {
  const args = ['point', 'count', 'dictionary', '-o', 'json']
  const { code, stdout } = await vectron(args, { cwd })
  return code === 0 ? JSON.parse(stdout).count : 0
}

async function words(text: string, ...flags: string[]): Promise<string[]> {
  const { results } = await json(['search', 'dictionary', text, ...flags])
  return results.flatMap(({ payload }: { payload: { words: string[] } }) => payload.words)
}

test('the dictionary loads while it is searched, and a killed load goes on', async () => {
  const first = new RunningCommand(START, { cwd })
  await first.until(/"event":"ready"/)
  let before = 0
  while (before < 2000) before = await count()
  assert.ok((await words('a living thing')).length > 0, 'searchable while it loads')
  first.signal('SIGKILL')
  await first.end()

  const second = new RunningCommand(START, { cwd })
  await second.until(/"event":"ready"/)
  assert.ok((await count()) >= before, 'nothing acknowledged is lost')
  await second.until(/dictionary: 117,778 points/)
  assert.equal(await count(), POINTS)

  assert.equal((await words('a young dog', '-k', '1'))[0], 'puppy')
  const many = await words('a young dog', '-k', '10')
  assert.ok(many.includes('pup') && many.includes('whelp'), many.join(', '))
  assert.ok((await words('fear of spiders', '-k', '3')).includes('arachnophobia'))
  const filter = '{"must":[{"field":"pos","match":"verb"},{"field":"wordCount","match":1}]}'
  const verbs = await json(['search', 'dictionary', 'to move quickly', '--filter', filter])
  assert.equal(verbs.results.length, 10)
  for (const { payload } of verbs.results) {
    assert.equal(payload.pos, 'verb')
    assert.equal(payload.wordCount, 1)
  }
  second.signal('SIGINT')
  assert.equal((await second.end()).code, 0)
})

test('a dictionary that was deleted on purpose stays deleted', async () => {
  const first = new RunningCommand(START, { cwd })
  await first.until(/"event":"ready"/)
  assert.equal(await count(), POINTS)
  assert.equal((await vectron(['collection', 'delete', 'dictionary', '--yes'], { cwd })).code, 0)
  first.signal('SIGINT')
  await first.end()
  const second = new RunningCommand(START, { cwd })
  await second.until(/"event":"ready"/)
  assert.deepEqual((await json(['collection', 'list'])).collections, [])
})
