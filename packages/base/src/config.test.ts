import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ConfigSources,
  describeConfig,
  formatToml,
  listSettings,
  loadConfig,
} from './config.ts'
import {
  booleanSetting,
  choiceSetting,
  integerSetting,
  listSetting,
  stringSetting,
} from './setting.ts'

const spec = {
  http: {
    port: integerSetting({ default: 6180, min: 0, max: 65535, describe: 'port' }),
    idleTimeoutMs: integerSetting({ default: 5000, min: 1, max: 60000, describe: 'ms' }),
  },
  log: {
    level: choiceSetting({ default: 'info', choices: ['debug', 'info'], describe: 'level' }),
    access: booleanSetting({ default: true, describe: 'access log' }),
  },
  auth: { key: stringSetting({ default: '', describe: 'key', secret: true }) },
}

const failure = (sources: ConfigSources) => {
  try {
    loadConfig(spec, sources)
  } catch (error) {
    return (error as Error).message
  }
  throw new assert.AssertionError({ message: 'the configuration was accepted' })
}

test('defaults, file, environment and flags win in that order, and origins are kept', () => {
  const { values, origins } = loadConfig(spec, {
    file: { path: 'v.toml', text: '[http]\nport = 1\nidleTimeoutMs = 2\n[log]\naccess = false\n' },
    env: { VECTRON__HTTP__PORT: '3', VECTRON__HTTP__IDLE_TIMEOUT_MS: '4', PATH: '/bin' },
    flags: [{ path: 'http.port', flag: '--port', value: '5' }],
  })
  assert.deepEqual(values.http, { port: 5, idleTimeoutMs: 4 })
  assert.deepEqual(values.log, { level: 'info', access: false })
  assert.equal(origins.get('http.port'), 'flag --port')
  assert.equal(origins.get('http.idleTimeoutMs'), 'env VECTRON__HTTP__IDLE_TIMEOUT_MS')
  assert.equal(origins.get('log.access'), 'file v.toml')
  assert.equal(origins.get('log.level'), 'default')
})

test('unknown names are refused with a suggestion, from every source', () => {
  assert.match(failure({ file: { path: 'f', text: '[http]\nprot = 1' } }), /"http\.port"/)
  assert.match(failure({ env: { VECTRON__HTTP__PROT: '1' } }), /"VECTRON__HTTP__PORT"/)
  assert.match(
    failure({ flags: [{ path: 'htp.port', flag: '--p', value: '1' }] }),
    /Unknown setting htp\.port \(flag --p\)\. Did you mean "http\.port"/,
  )
})

test('a value out of range or of another type names setting, origin and what is expected', () => {
  assert.match(
    failure({ env: { VECTRON__HTTP__PORT: '70000' } }),
    /http\.port \(env VECTRON__HTTP__PORT\): "70000" is not an integer between 0 and 65535/,
  )
  assert.match(
    failure({ file: { path: 'f', text: '[log]\nlevel = "loud"' } }),
    /one of debug, info/,
  )
  assert.match(failure({ file: { path: 'f', text: 'port = 1' } }), /outside a \[section\]/)
  assert.match(failure({ file: { path: 'f', text: '[http\n' } }), /f:1:\d+ is not valid TOML/)
})

test('secrets are never shown', () => {
  const loaded = loadConfig(spec, { env: { VECTRON__AUTH__KEY: 'hush' } })
  assert.equal(loaded.values.auth.key, 'hush')
  assert.ok(describeConfig(spec, loaded).every((line) => !line.includes('hush')))
})

const ADDRESSES = listSetting({
  default: [],
  item: 'host:port',
  matches: /^\w+:\d+$/,
  describe: 'addresses',
})

test('a list comes from an array in TOML, or from text with commas', () => {
  const lists = { placement: { members: ADDRESSES } }
  const fromFile = loadConfig(lists, {
    file: { path: 'f', text: '[placement]\nmembers = ["a:1", "b:2"]' },
  })
  const fromEnv = loadConfig(lists, { env: { VECTRON__PLACEMENT__MEMBERS: 'a:1, b:2' } })
  assert.deepEqual(fromFile.values.placement.members, ['a:1', 'b:2'])
  assert.deepEqual(fromEnv.values.placement.members, ['a:1', 'b:2'])
  assert.throws(
    () => loadConfig(lists, { env: { VECTRON__PLACEMENT__MEMBERS: 'a' } }),
    /"a" is not a list of host:port/,
  )
})

test('the values in force, written as TOML, give the same values again', () => {
  const loaded = loadConfig(spec, { env: { VECTRON__HTTP__PORT: '3', VECTRON__AUTH__KEY: 'hush' } })
  const text = formatToml(spec, loaded)
  assert.ok(!text.includes('hush'))
  assert.match(text, /# port \(env VECTRON__HTTP__PORT\)\nport = 3/)
  const again = loadConfig(spec, { file: { path: 'f', text } })
  assert.deepEqual({ ...again.values, auth: 0 }, { ...loaded.values, auth: 0 })
})

test('a table of settings names each with its variable and default', () => {
  assert.deepEqual(listSettings(spec)[1], {
    path: 'http.idleTimeoutMs',
    env: 'VECTRON__HTTP__IDLE_TIMEOUT_MS',
    default: '5000',
    describe: 'ms',
  })
})
