/**
 * Setup step: the Rust addon, built by cargo and copied to packages/native/vectron.node.
 *
 * Up to date means: the stamp beside the library holds the hash of every source that goes into it.
 * The copy is atomic, so a running Vectron keeps the library that it has loaded.
 */
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { ROOT, run, SetupError } from './setup-step.mjs'

const NATIVE = path.join(ROOT, 'packages', 'native')
const LIBRARY = path.join(NATIVE, 'vectron.node')
const STAMP = path.join(ROOT, '.cache', 'setup', 'addon')
const RUST_MIN = [1, 95]
const SOURCE_SUFFIXES = ['.rs', '.toml', '.lock', '.proto']

/** @param {import('./setup-step.mjs').Progress} progress */
export async function buildAddon(progress) {
  const hash = hashSources()
  if (existsSync(LIBRARY) && readStamp() === stampOf(hash)) return
  await checkRust()
  const built = await cargoBuild(progress)
  const temporary = `${LIBRARY}.${process.pid}.tmp`
  copyFileSync(built, temporary)
  renameSync(temporary, LIBRARY)
  mkdirSync(path.dirname(STAMP), { recursive: true })
  writeFileSync(STAMP, stampOf(hash))
  const megabytes = (statSync(LIBRARY).size / 2 ** 20).toFixed(0)
  progress.done(`built ${path.relative(ROOT, LIBRARY)}, ${megabytes} MiB`)
}

/** Ties the stamp to this very library: one that something else wrote counts as stale. */
function stampOf(hash) {
  const { size, mtimeMs } = statSync(LIBRARY)
  return `${hash} ${size} ${mtimeMs}`
}

function readStamp() {
  return existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : undefined
}

function hashSources() {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`)
  for (const folder of [NATIVE, path.join(ROOT, 'proto')]) {
    const files = readdirSync(folder, { recursive: true })
      .filter((file) => !file.startsWith('target') && !file.includes('node_modules'))
      .filter((file) => SOURCE_SUFFIXES.some((suffix) => file.endsWith(suffix)))
      .sort()
    for (const file of files) {
      hash
        .update(`${file}\0`)
        .update(readFileSync(path.join(folder, file)))
        .update('\0')
    }
  }
  return hash.digest('hex')
}

async function checkRust() {
  const need = RUST_MIN.join('.')
  const advice =
    `The addon is written in Rust and needs cargo ${need} or newer.\n` +
    'Install it with rustup (https://rustup.rs), or `rustup update stable`, then run the same ' +
    'command again.'
  const { code, version } = await cargoVersion()
  if (code === undefined) throw new SetupError(`cargo was not found.\n${advice}`)
  const [major = 0, minor = 0] = version
  const enough = major > RUST_MIN[0] || (major === RUST_MIN[0] && minor >= RUST_MIN[1])
  if (!enough) throw new SetupError(`cargo is ${version.join('.')}.\n${advice}`)
}

async function cargoVersion() {
  let text = ''
  const { code } = await run('cargo', ['--version'], {
    onLine: (line) => {
      text += line
    },
  })
  const match = /cargo (\d+)\.(\d+)/.exec(text)
  return { code, version: match ? [Number(match[1]), Number(match[2])] : [] }
}

/** Builds, counting crates as cargo reports them; answers the path of the library. */
async function cargoBuild(progress) {
  const total = countLockedCrates()
  let crates = 0
  let library
  const show = () => progress.update(`cargo build: ${crates} of at most ${total} crates`)
  const ticker = setInterval(show, 500)
  const args = ['build', '--release', '--locked', '-p', 'vectron-addon']
  const { code, output } = await run(
    'cargo',
    [...args, '--message-format=json-render-diagnostics'],
    {
      cwd: NATIVE,
      onLine: (line) => {
        const message = line.startsWith('{') ? JSON.parse(line) : {}
        if (message.reason !== 'compiler-artifact') return
        crates += 1
        if (message.target.kind.includes('cdylib')) {
          library = message.filenames.find((file) => /\.(so|dylib|dll)$/.test(file))
        }
      },
    },
  ).finally(() => clearInterval(ticker))
  if (code !== 0) throw new SetupError(`cargo build failed. What it said:\n${output.trim()}`)
  if (library === undefined) throw new SetupError('cargo built no library for vectron-addon.')
  return library
}

function countLockedCrates() {
  const lock = readFileSync(path.join(NATIVE, 'Cargo.lock'), 'utf8')
  return lock.split('[[package]]').length - 1
}
