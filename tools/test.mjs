/**
 * `npm test`: installs what the tests need and runs all of them, in every language.
 *
 * `npm test -- client tests/e2e packages/base/src/bytes.test.ts` runs only the tests of what is
 * named: a package or service, a Rust crate, a folder or a file. Every step runs even when one
 * before it failed; the exit code is 0 only when all passed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { setup } from './setup.mjs'
import { exitWithMessage, ROOT, SetupError } from './setup-step.mjs'

/** Debian packages that tests call by one of their programs. */
const DEBIAN_PACKAGES = [
  { name: 'e2fsprogs', program: 'mkfs.ext4', use: 'power-cut tests on a loop-mounted file system' },
  { name: 'util-linux', program: 'losetup', use: 'power-cut tests on a loop-mounted file system' },
  { name: 'mount', program: 'mount', use: 'disk-full tests on a small tmpfs' },
  { name: 'openssl', program: 'openssl', use: 'certificates for the tests of TLS between hosts' },
  { name: 'etcd-server', program: 'etcd', use: 'the credential store on a real etcd' },
  {
    name: 'redis-server',
    program: 'redis-server',
    use: 'limits that gateways share through a Redis',
  },
  { name: 'nginx-light', program: 'nginx', use: 'gateways behind a load balancer' },
  { name: 'prometheus', program: 'promtool', use: 'alerts and dashboard on a real Prometheus' },
  { name: 'iproute2', program: 'ip', use: 'hosts of their own for the nodes of the chaos runs' },
  { name: 'nftables', program: 'nft', use: 'partitions and packet loss of the chaos runs' },
  { name: 'faketime', program: 'faketime', use: 'clock jumps of the chaos runs' },
  { name: 'python3-venv', program: 'python3', use: 'schemathesis over the OpenAPI document' },
  { name: 'chromium', program: 'chromium', use: 'the console in a real browser' },
  { name: 'eatmydata', program: 'eatmydata', use: 'the control run of the power-cut tests' },
]
const NATIVE = path.join(ROOT, 'packages', 'native')
const TEST_TIMEOUT_MS = 900_000

await exitWithMessage(async () => {
  const startMs = performance.now()
  const { node } = await setup()
  installDebianPackages()
  const selection = process.argv.slice(2)
  const steps = selection.length === 0 ? allSteps(node) : selectedSteps(node, selection)
  const results = steps.map(runStep)
  printSummary(results, performance.now() - startMs)
  process.exitCode = results.every((result) => result.passed) ? 0 : 1
})

function allSteps(node) {
  return [
    { label: 'check', command: node, args: ['tools/check.ts'], cwd: ROOT },
    cargoStep('rust tests', ['--workspace']),
    nodeStep(node, 'tests', findTests('.')),
  ]
}

/** Steps for what the command line names; a name that finds no test is an error. */
function selectedSteps(node, selection) {
  const crates = selection.filter(isCrate)
  const files = selection.filter((name) => !crates.includes(name)).flatMap(testsOf)
  const steps = []
  if (crates.length > 0)
    steps.push(
      cargoStep(
        'rust tests',
        crates.flatMap((c) => ['-p', crateName(c)]),
      ),
    )
  if (files.length > 0) steps.push(nodeStep(node, 'tests', [...new Set(files)]))
  return steps
}

function cargoStep(label, args) {
  return { label, command: 'cargo', args: ['test', '--release', '--locked', ...args], cwd: NATIVE }
}

function nodeStep(node, label, files) {
  const flags = ['--test', '--test-concurrency=2', `--test-timeout=${TEST_TIMEOUT_MS}`]
  return { label, command: node, args: [...flags, '--test-reporter=spec', ...files], cwd: ROOT }
}

function runStep({ label, command, args, cwd }) {
  process.stderr.write(`\n== ${label}\n`)
  const startMs = performance.now()
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (error) process.stderr.write(`${error.message}\n`)
  return { label, passed: status === 0, ms: performance.now() - startMs }
}

function printSummary(results, totalMs) {
  const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`.padStart(9)
  process.stderr.write('\n')
  for (const { label, passed, ms } of results) {
    process.stderr.write(`  ${passed ? 'passed' : 'FAILED'}  ${label.padEnd(12)}${seconds(ms)}\n`)
  }
  process.stderr.write(`  total   ${''.padEnd(12)}${seconds(totalMs)}\n`)
}

/** Test files that a name stands for. */
function testsOf(name) {
  const places = [name, `packages/${name}`, `services/${name}`, `tests/${name}`]
  const place = places.find((candidate) => existsSync(path.join(ROOT, candidate)))
  const found = place === undefined ? [] : findTests(place)
  if (found.length > 0) return found
  throw new SetupError(
    `No tests for "${name}". Name a package (client), a service (gateway), a Rust crate, ` +
      'a folder (tests/e2e) or a file.',
  )
}

function findTests(place) {
  if (place.endsWith('.test.ts')) return [place]
  return readdirSync(path.join(ROOT, place), { withFileTypes: true })
    .filter((entry) => !['node_modules', 'target', 'dist'].includes(entry.name))
    .filter((entry) => !entry.name.startsWith('.'))
    .flatMap((entry) => {
      const child = path.join(place, entry.name)
      if (entry.isDirectory()) return findTests(child)
      return child.endsWith('.test.ts') ? [child] : []
    })
    .sort()
}

function isCrate(name) {
  return existsSync(path.join(NATIVE, 'crates', crateFolder(name), 'Cargo.toml'))
}

function crateFolder(name) {
  return path.basename(name).replace(/^vectron-/, '')
}

function crateName(name) {
  return `vectron-${crateFolder(name)}`
}

/** Installs the missing ones where this is Debian and root; says so, and what is lost otherwise. */
function installDebianPackages() {
  const missing = DEBIAN_PACKAGES.filter(({ program }) => !isOnPath(program))
  if (missing.length === 0) return
  const names = missing.map(({ name }) => name)
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    const uses = missing.map(({ name, use }) => `  ${name}: ${use}`).join('\n')
    process.stderr.write(`  Not installed, and tests that need them will fail:\n${uses}\n`)
    return
  }
  process.stderr.write(`  apt-get install ${names.join(' ')}\n`)
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'] }
  spawnSync('apt-get', ['update', '-qq'], quiet)
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], quiet)
}

function isOnPath(program) {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.some((folder) => existsSync(path.join(folder, program)))
}
