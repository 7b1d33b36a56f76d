/**
 * A byte flipped in a file at rest: the next start heals it, or refuses with the file named, or
 * the request that touches it does. Never a wrong answer.
 *
 * Two folders are damaged again and again, each time from a fresh copy: one that was closed in
 * good order, and one whose process was killed, so that the log holds what the store does not.
 */
import assert from 'node:assert/strict'
import { cp, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { type Random, seededRandom, testSeed } from '@vectron/base'
import { StartRefused, VectronProcess, WriteLedger } from '@vectron/testkit'
import {
  checkAgainstLedger,
  checkSearchFinds,
  createCollection,
  waitUntilIndexed,
  writeBatch,
} from './workload.ts'

const FLIPS_PER_FILE = 3
/** Files that hold points, and so can answer wrongly. */
const HOLDS_POINTS = /store\.redb$|vectors\.f32$|graph|\.raftlog$|shard\.config$/

interface Base {
  readonly folder: string
  readonly ledger: WriteLedger
  readonly found: ReadonlyMap<string, number>
}

for (const ending of ['stopped', 'killed'] as const) {
  test(`a flipped byte after the process was ${ending} never gives a wrong answer`, async (t) => {
    const seed = testSeed()
    t.diagnostic(`replay with VECTRON_SEED=${seed} npm test -- tests/faults/flipped-byte.test.ts`)
    const random = seededRandom(seed)
    const folder = await mkdtemp(path.join(tmpdir(), 'vectron-flip-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const base = await makeBase(path.join(folder, 'base'), ending, random)
    const files = (await filesUnder(base.folder)).filter((file) => HOLDS_POINTS.test(file))
    assert.ok(files.length >= 4, `store, vectors, graph and log are expected in ${files}`)
    const outcomes = { healed: 0, refused: 0 }
    for (const file of files) {
      for (let flip = 0; flip < FLIPS_PER_FILE; flip++) {
        outcomes[await damageAndCheck({ base, file, random, copy: path.join(folder, 'copy') })]++
      }
    }
    t.diagnostic(`${outcomes.healed} healed or harmless, ${outcomes.refused} refused by name`)
  })
}

/** A folder with an indexed part, and a part that only the log holds when it is killed. */
async function makeBase(
  folder: string,
  ending: 'stopped' | 'killed',
  random: Random,
): Promise<Base> {
  const ledger = new WriteLedger()
  const server = await VectronProcess.start({ data: folder })
  await createCollection(server)
  const writer = { server, ledger, random, idsFrom: 0, idsCount: 3000, batchSize: 500 }
  for (let i = 0; i < 10; i++) assert.equal(await writeBatch(writer), undefined)
  await waitUntilIndexed(server)
  await server.stop()
  const again = await VectronProcess.start({ data: folder })
  for (let i = 0; i < 4; i++) {
    assert.equal(await writeBatch({ ...writer, server: again }), undefined)
  }
  const found = await checkAgainstLedger(again, ledger)
  ledger.settle(found)
  await (ending === 'killed' ? again.kill() : again.stop())
  return { folder, ledger, found }
}

async function damageAndCheck(options: {
  base: Base
  file: string
  random: Random
  copy: string
}): Promise<'healed' | 'refused'> {
  const { base, file, random, copy } = options
  await rm(copy, { recursive: true, force: true })
  await cp(base.folder, copy, { recursive: true })
  const place = await flipByte(path.join(copy, path.relative(base.folder, file)), random)
  let server: VectronProcess | undefined
  try {
    server = await VectronProcess.start({ data: copy })
    await checkAgainstLedger(server, base.ledger)
    await checkSearchFinds(server, base.found, random, 20)
    return 'healed'
  } catch (error) {
    assertNamesFile(error, file, `${place}; the server printed:\n${server?.output ?? ''}`)
    return 'refused'
  } finally {
    await server?.kill()
  }
}

/** A refusal is right only when it says which file is damaged. */
function assertNamesFile(error: unknown, file: string, context: string): void {
  const said = error instanceof StartRefused ? error.output : String(error)
  const isRefusal = error instanceof StartRefused || said.includes('DATA_CORRUPT')
  assert.ok(isRefusal && said.includes(path.basename(file)), `${context}\n${said}`)
}

async function flipByte(file: string, random: Random): Promise<string> {
  const handle = await open(file, 'r+')
  try {
    const { size } = await handle.stat()
    const offset = random.nextBelow(size)
    const byte = Buffer.alloc(1)
    await handle.read(byte, 0, 1, offset)
    byte[0]! ^= 1 << random.nextBelow(8)
    await handle.write(byte, 0, 1, offset)
    return `byte ${offset} of ${file}`
  } finally {
    await handle.close()
  }
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const paths = files.map((entry) => path.join(entry.parentPath, entry.name))
  const sizes = await Promise.all(paths.map(async (file) => (await stat(file)).size))
  return paths.filter((_, i) => sizes[i]! > 0).sort()
}
