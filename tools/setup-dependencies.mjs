/**
 * Setup step: npm dependencies, exactly as package-lock.json lists them.
 *
 * Up to date means that npm's own record of what is installed names the same packages in the same
 * versions as the lock file, and that they are there: folders of dependencies are copied with hard
 * links, and npm writes its record in place. That is checked before and after, and skipped while
 * the lock file's hash is the one that compared equal last time.
 *
 * `npm install --no-save` followed by that check stands in for `npm ci`, which refuses to run
 * against a registry mirror that lacks other platforms' optional binaries.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { exitWithMessage, ROOT, run, SetupError, step } from './setup-step.mjs'

const LOCK = path.join(ROOT, 'package-lock.json')
const INSTALLED = path.join(ROOT, 'node_modules', '.package-lock.json')
const STAMP = path.join(ROOT, 'node_modules', '.cache', 'vectron', 'dependencies')

/** @param {import('./setup-step.mjs').Progress} progress */
export async function installDependencies(progress) {
  const lockText = readFileSync(LOCK, 'utf8')
  const hash = createHash('sha256').update(lockText).digest('hex')
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hash) return
  if (!isInstalled(JSON.parse(lockText))) {
    await install(progress)
    if (!isInstalled(JSON.parse(lockText))) {
      throw new SetupError(
        'npm installed something else than package-lock.json lists: the lock file does not fit ' +
          'the package.json files. Run `npm install` and commit the lock file.',
      )
    }
  }
  mkdirSync(path.dirname(STAMP), { recursive: true })
  // Never in place, for the same reason.
  writeFileSync(`${STAMP}.new`, hash)
  renameSync(`${STAMP}.new`, STAMP)
}

async function install(progress) {
  const show = () => progress.update('npm install: downloading and unpacking')
  show()
  const ticker = setInterval(show, 500)
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  const { code, output } = await run('npm', args).finally(() => clearInterval(ticker))
  if (code === undefined) throw new SetupError('npm was not found; it comes with Node.')
  if (code !== 0) throw new SetupError(`npm install failed. What it said:\n${output.trim()}`)
  const count = Object.keys(JSON.parse(readFileSync(INSTALLED, 'utf8')).packages).length
  progress.done(`installed ${count} packages`)
}

/**
 * Whether everything that the lock file lists is there in the right version. Optional packages may
 * be absent: most are binaries for other platforms.
 */
function isInstalled(lock) {
  if (!existsSync(INSTALLED)) return false
  const installed = JSON.parse(readFileSync(INSTALLED, 'utf8')).packages
  return Object.entries(lock.packages).every(([location, wanted]) => {
    if (!location.startsWith('node_modules/')) return true
    const found = installed[location]
    if (wanted.link) return found?.link === true && existsSync(path.join(ROOT, location))
    if (found === undefined) return wanted.optional === true
    return found.version === wanted.version && existsSync(path.join(ROOT, location))
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await exitWithMessage(() => step('dependencies', installDependencies))
}
