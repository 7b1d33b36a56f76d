/**
 * Proves `vectron auth` against a real server: sign in by the link of the first start, keys and
 * their limits, members, and that no secret is left in any log or file of the server.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { RunningCommand, temporaryFolder, vectron } from './vectron-command.ts'

const cwd = temporaryFolder()
const PASSWORD = 'correct horse battery staple'
/** Everything that was secret in this run. */
const secrets: string[] = [PASSWORD]
let server: RunningCommand

before(async () => {
  const args = ['start', '--no-demo', '--port', '0', '--grpc-port', '0']
  server = new RunningCommand(args, { cwd })
  await server.until(/Ctrl-C stops/)
})

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  vectron(args, { cwd, env })

async function json(args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await run([...args, '-o', 'json'], env)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

async function createKey(...args: string[]): Promise<{ key: string; keyId: string }> {
  const made = await json(['auth', 'keys', 'create', ...args])
  secrets.push(made.key.split('_').at(-1))
  return made
}

test('the link of the first start signs the owner in, once', async () => {
  const [, token = ''] = await server.until(/Console .*\?code=(vl_\w+)/)
  secrets.push(token.split('_').at(-1) ?? '')
  assert.equal((await run(['auth', 'login', '--link', token])).code, 0)
  const again = await run(['auth', 'login', '--link', token])
  assert.equal(again.code, 4)
  assert.match(again.stderr, /used/)
  const owner = await json(['auth', 'whoami'])
  assert.equal(owner.projects[0].projectId, 'default')
})

test('a key does what it was made for, and nothing once it is revoked', async () => {
  const create = ['collection', 'create', 'books', '--dimension', '2']
  assert.equal((await run(create)).code, 0)
  const { key, keyId } = await createKey('reader', '--role', 'reader')
  const env = { VECTRON_API_KEY: key }
  assert.equal((await run(['collection', 'get', 'books'], env)).code, 0)
  const refused = await run(['collection', 'delete', 'books', '--yes'], env)
  assert.equal(refused.code, 4)
  assert.match(refused.stderr, /role reader may not admin/)
  assert.equal((await run(['auth', 'keys', 'revoke', keyId])).code, 0)
  assert.equal((await run(['collection', 'get', 'books'], env)).code, 4)
  const { keys } = await json(['auth', 'keys', 'list'])
  const listed = keys.find((each: { keyId: string }) => each.keyId === keyId)
  assert.notEqual(listed.revokeTime, '')
})

test('another person registers, joins the project, and leaves it', async () => {
  const theirs = { VECTRON_PASSWORD: PASSWORD, VECTRON_DATA: path.join(cwd, 'bob') }
  const { url } = JSON.parse(readFileSync(path.join(cwd, '.vectron/profile.json'), 'utf8'))
  const bob = ['--url', url]
  const register = ['auth', 'register', '--email', 'bob@example.org', ...bob]
  assert.equal((await run(register, theirs)).code, 0)
  assert.equal((await run(['auth', 'members', 'set', 'bob@example.org', 'writer'])).code, 0)
  const profile = await json(['auth', 'whoami', ...bob], theirs)
  assert.equal(profile.projects.length, 2)
  const { members } = await json(['auth', 'members', 'list', ...bob], theirs)
  assert.equal(members.length, 2)
  const wrong = { ...theirs, VECTRON_PASSWORD: 'not the password' }
  const login = ['auth', 'login', '--email', 'bob@example.org', ...bob]
  assert.equal((await run(login, wrong)).code, 4)
  const leave = ['auth', 'members', 'remove', profile.userId, ...bob]
  assert.equal((await run(leave, theirs)).code, 0)
  assert.equal((await run(['auth', 'logout', ...bob], theirs)).code, 0)
  assert.equal((await run(['auth', 'whoami', ...bob], theirs)).code, 4)
})

test('no secret stands in a log or in a file of the server', async () => {
  server.signal('SIGTERM')
  const { stderr } = await server.end()
  // The two files of the person who types: their key, and their session.
  const own = new Set(['profile.json', 'session.json'])
  const files = filesUnder(path.join(cwd, '.vectron')).filter(
    (file) => !own.has(path.basename(file)),
  )
  assert.ok(files.some((file) => file.endsWith('audit.log')))
  const kept = JSON.parse(readFileSync(path.join(cwd, '.vectron/profile.json'), 'utf8'))
  secrets.push(kept.apiKey.split('_').at(-1))
  for (const secret of secrets) {
    assert.ok(secret.length >= 20, 'a secret is long')
    for (const file of files) assert.ok(!readFileSync(file).includes(secret), file)
    assert.ok(!stderr.includes(secret))
  }
})

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => path.join(folder, String(name)))
    .filter((file) => statSync(file).isFile())
}
