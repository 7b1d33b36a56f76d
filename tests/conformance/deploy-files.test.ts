/** Proves that the files in deploy/ are what the services take: settings, variables, commands. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { type ConfigSpec, loadConfig } from '@vectron/base'
import {
  AUTH_SERVICE,
  gatewayService,
  PLACEMENT_SERVICE,
  RERANKER_SERVICE,
  WORKER_SERVICE,
} from '@vectron/process'

const DEPLOY = path.resolve(import.meta.dirname, '../../deploy')

const SETTINGS: Readonly<Record<string, ConfigSpec>> = {
  auth: AUTH_SERVICE.settings,
  gateway: gatewayService([]).settings,
  placement: PLACEMENT_SERVICE.settings,
  reranker: RERANKER_SERVICE.settings,
  worker: WORKER_SERVICE.settings,
}

const read = (file: string) => readFileSync(path.join(DEPLOY, file), 'utf8')

/** Values of a file; an unknown name, or a value that is none, throws. */
function valuesOf(file: string, env: Readonly<Record<string, string>> = {}) {
  const spec = SETTINGS[path.basename(file, '.toml')]
  assert.ok(spec, `${file} is named after its service`)
  const text = read(file)
  // biome-ignore lint/suspicious/noExplicitAny: looked into by assertions
  return loadConfig(spec, { file: { path: file, text }, env }).values as any
}

test('every file of settings is taken by the service that it is named after', () => {
  const files = globSync('**/*.toml', { cwd: DEPLOY })
  assert.ok(files.length >= 14)
  for (const file of files) valuesOf(file)
})

test('three machines know the same members, and tell others their own address', () => {
  const lists = [1, 2, 3].map((machine) => {
    const folder = `three-machines/machine-${machine}`
    const { cluster } = valuesOf(`${folder}/placement.toml`)
    assert.equal(cluster.member, machine)
    const worker = valuesOf(`${folder}/worker.toml`)
    assert.match(worker.grpc.advertise, new RegExp(`\\.${machine}:6200$`))
    const addresses = cluster.members.map((one: string) => one.replace(/^\d@(.*)\/\d+$/, '$1'))
    assert.deepEqual(worker.placement.members, addresses)
    assert.deepEqual(valuesOf(`${folder}/gateway.toml`).placement.members, addresses)
    return cluster.members
  })
  assert.deepEqual(lists[1], lists[0])
  assert.deepEqual(lists[2], lists[0])
})

test('the compose file runs commands that exist, with variables that they take', () => {
  const services = read('compose/compose.yaml').split(/^ {2}(?=[a-z]+(?:-\d)?:$)/m)
  const run = services.flatMap((text) => {
    const command = /command: \[(\w+), --config, \/etc\/vectron\/(\w+\.toml)\]/.exec(text)
    if (command === null) return []
    const [, service = '', file = ''] = command
    assert.equal(file, `${service}.toml`)
    const variables = text.matchAll(/^ {6}(VECTRON__\w+): "?([^"\n]+)"?$/gm)
    const env = Object.fromEntries([...variables].map(([, name, value]) => [name, value]))
    const values = valuesOf(`compose/${file}`, env as Record<string, string>)
    assert.match(text, new RegExp(`127\\.0\\.0\\.1:${values.admin.port}/readyz`))
    return [service]
  })
  assert.equal(run.length, 9)
})

test('every service has a unit that runs its command', () => {
  for (const service of Object.keys(SETTINGS)) {
    const unit = read(`systemd/vectron-${service}.service`)
    const command = `vectron.mjs ${service} --config /etc/vectron/${service}.toml`
    assert.ok(unit.includes(`ExecStart=/opt/vectron/packages/cli/bin/${command}\n`))
    assert.match(unit, /^KillSignal=SIGTERM$/m)
  }
})

test('every metric that the page on operations names is declared somewhere', () => {
  const root = path.join(DEPLOY, '..')
  const page = readFileSync(path.join(root, 'docs/OPERATIONS.md'), 'utf8')
  const named = new Set([...page.matchAll(/`vectron_([a-z_]+)`/g)].map(([, name]) => name))
  const sources = globSync('{packages,services}/*/src/**/*.ts', { cwd: root })
  const declared = new Set(
    sources.flatMap((file) =>
      [...readFileSync(path.join(root, file), 'utf8').matchAll(/name: '([a-z_]+)'/g)].map(
        ([, name]) => name,
      ),
    ),
  )
  assert.ok(named.size >= 8)
  for (const name of named) assert.ok(declared.has(name), `vectron_${name} is declared`)
})
