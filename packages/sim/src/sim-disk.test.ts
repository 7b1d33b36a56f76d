/** The simulated disk keeps what was synced, and loses no more than POSIX allows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Disk, replaceFile } from '@vectron/base'
import { SimClock } from '@vectron/testkit'
import { FastRandom } from './fast-random.ts'
import { ProcessClock } from './process-clock.ts'
import { SimDisk } from './sim-disk.ts'

const SEEDS = 40n
const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const text = (found: Uint8Array | undefined) => found && Buffer.from(found).toString()

interface Machine {
  readonly disk: SimDisk
  readonly clock: SimClock
  readonly files: Disk
}

function createMachine(seed: bigint): Machine {
  const clock = new SimClock()
  const disk = new SimDisk(new FastRandom(seed))
  return { disk, clock, files: disk.mount(new ProcessClock(clock)) }
}

/** Lets the work go on for some time, or to its end. */
async function run({ clock }: Machine, work: Promise<unknown>, ms = 1000): Promise<void> {
  work.catch(() => {})
  await clock.advance(ms)
}

test('a file that was replaced is the old one or the new one after a crash at any moment', async () => {
  const seen = new Set<string | undefined>()
  for (let seed = 0n; seed < SEEDS; seed++) {
    const machine = createMachine(seed)
    await run(machine, replaceFile(machine.files, '/d/f', bytes('old')))
    await run(machine, replaceFile(machine.files, '/d/f', bytes('new')), Number(seed) / 2)
    machine.disk.crash()
    seen.add(text(machine.disk.read('/d/f')))
  }
  assert.deepEqual([...seen].sort(), ['new', 'old'])
})

test('what was written and not synced may be torn', async () => {
  const seen = new Set<string | undefined>()
  for (let seed = 0n; seed < SEEDS; seed++) {
    const machine = createMachine(seed)
    await run(machine, replaceFile(machine.files, '/d/f', bytes('old')))
    await run(machine, machine.files.write('/d/f', bytes('longer')))
    machine.disk.crash()
    seen.add(text(machine.disk.read('/d/f')))
  }
  assert.ok(seen.has('old') && seen.has('longer') && seen.has('lon'), `${[...seen]}`)
})

test('a folder is renamed with all in it, and stays so once its parent is synced', async () => {
  for (let seed = 0n; seed < SEEDS; seed++) {
    const machine = createMachine(seed)
    const { files, disk } = machine
    const fill = async () => {
      await replaceFile(files, '/d/from/x', bytes('1'))
      await replaceFile(files, '/d/from/y', bytes('2'))
      await replaceFile(files, '/d/to/z', bytes('3'))
      await files.rename('/d/from', '/d/to')
    }
    await run(machine, fill())
    assert.deepEqual(disk.names('/d'), ['to'])
    assert.deepEqual(disk.names('/d/to'), ['x', 'y'])
    if (seed % 2n === 0n) await run(machine, files.sync('/d'))
    disk.crash()
    const found = disk.names('/d').flatMap((name) => disk.names(`/d/${name}`))
    const whole = [
      ['x', 'y'],
      ['x', 'y', 'z'],
    ]
    assert.ok(
      whole.some((names) => `${names}` === `${found}`),
      `${found}`,
    )
    if (seed % 2n === 0n) assert.deepEqual(disk.names('/d'), ['to'])
  }
})

test('a full disk refuses writes; a wiped one holds nothing', async () => {
  const machine = createMachine(1n)
  await run(machine, replaceFile(machine.files, '/d/f', bytes('x')))
  machine.disk.fill()
  const refused = assert.rejects(machine.files.append('/d/f', bytes('y')), { reason: 'DISK_FULL' })
  await run(machine, refused)
  await refused
  machine.disk.wipe()
  assert.deepEqual(machine.disk.names('/d'), [])
})
