// Proves that every operation of the authenticator works through the gateway, over HTTP and gRPC,
// and that its answers fit the OpenAPI document.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { GrpcChannel, type OpenApiDocument } from '@vectron/rpc'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Answer, Json } from './exchanges.ts'
import { startTestVectron, type TestVectron } from './running-vectron.ts'
import { askGrpc, askHttp, type DocumentedOperation, isOfAuth, operationsOf } from './speak.ts'

let running: TestVectron
let operations: DocumentedOperation[]
const asked = new Set<string>()
const ajv = new Ajv2020({ strict: false, formats: { uint64: true, int64: true } })

before(async () => {
  running = await startTestVectron()
  const document = (await (await fetch(`${running.url}/openapi.json`)).json()) as OpenApiDocument
  operations = operationsOf(document).filter(isOfAuth)
  ajv.addSchema({ $id: 'openapi', ...document })
})

after(() => running.close())

/** Sends one request with a credential and gives its answer, checked against the document. */
type Ask = (operation: string, request: Json, credential?: string) => Promise<Answer>

async function overHttp(operation: string, request: Json, credential = ''): Promise<Answer> {
  const documented = operations.find(({ id }) => id === operation)
  assert.ok(documented, operation)
  const headers = credential === '' ? {} : { authorization: `Bearer ${credential}` }
  const response = await askHttp({ url: running.url, headers }, documented, [request])
  const text = await response.text()
  assert.equal(response.status, 200, `${operation}: ${text}`)
  asked.add(operation)
  const place = ['paths', documented.path, documented.verb, 'responses', '200', 'content']
  const pointer = [...place, 'application/json', 'schema'].map((part) =>
    encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')),
  )
  const answer: unknown = JSON.parse(text)
  const fits = ajv.validate({ $ref: `openapi#/${pointer.join('/')}` }, answer)
  assert.ok(fits, `${operation}: ${ajv.errorsText()}\n${text}`)
  return answer
}

async function overGrpc(operation: string, request: Json, credential = ''): Promise<Answer> {
  const headers = credential === '' ? {} : { authorization: `Bearer ${credential}` }
  const channel = new GrpcChannel(running.grpcAddress, { headers })
  try {
    const [answer] = await askGrpc(channel, operation, [request])
    return answer
  } finally {
    channel.close()
  }
}

const protocols: readonly [string, Ask][] = [
  ['HTTP', overHttp],
  ['gRPC', overGrpc],
]

for (const [protocol, ask] of protocols) {
  test(`a person's way from registering to leaving, over ${protocol}`, async () => {
    const email = `ann-${protocol}@example.org`.toLowerCase()
    const password = 'correct horse battery'
    const first = await ask('register', { email, password, name: 'Ann' })
    assert.equal(first.profile.email, email)
    const { accessToken: token, refreshToken } = await ask('logIn', { email, password })
    const refreshed = await ask('refresh', { refreshToken })
    assert.notEqual(refreshed.refreshToken, refreshToken)
    assert.equal((await ask('getProfile', {}, token)).name, 'Ann')
    assert.equal((await ask('updateProfile', { name: 'Anna' }, token)).name, 'Anna')

    const { projectId } = await ask('createProject', { name: 'Shop' }, token)
    const { projects } = await ask('listProjects', {}, token)
    assert.equal(projects.length, 2)
    assert.equal((await ask('getProject', { projectId }, token)).name, 'Shop')
    const renamed = await ask('updateProject', { projectId, name: 'Shop 2' }, token)
    assert.equal(renamed.name, 'Shop 2')
    const bobsEmail = `bob-${email}`
    const bob = await ask('register', { email: bobsEmail, password })
    await ask('setMember', { projectId, email: bobsEmail, role: 'reader' }, token)
    const { members } = await ask('listMembers', { projectId }, bob.accessToken)
    assert.deepEqual(members.map(({ role }: Answer) => role).sort(), ['owner', 'reader'])

    const { key, text } = await ask('createApiKey', { projectId, name: 'ci' }, token)
    const { keyId } = key
    await ask('rotateApiKey', { projectId, keyId }, token)
    const listed = await ask('listApiKeys', { projectId }, token)
    assert.equal(listed.keys[0].secrets, 2)
    const { accessToken: sdkToken } = await ask('createToken', {}, text)
    const { valid, principal } = await ask('validateToken', { token: sdkToken })
    assert.deepEqual([valid, principal.projectId], [true, projectId])
    assert.equal((await ask('getKeySet', {})).keys[0].kty, 'OKP')
    assert.notEqual((await ask('revokeApiKey', { projectId, keyId }, token)).revokeTime, '')
    assert.equal((await ask('getUsage', { projectId, days: 3 }, token)).days.length, 3)

    await ask('removeMember', { projectId, userId: bob.profile.userId }, token)
    await ask('deleteProject', { projectId }, token)
    const newPassword = 'staple staple staple'
    const change = { currentPassword: password, newPassword }
    const { accessToken: later } = await ask('changePassword', change, token)
    await ask('logOut', { everywhere: true }, later)
    const last = await ask('logIn', { email, password: newPassword })
    await ask('deleteAccount', { password: newPassword }, last.accessToken)
  })

  test(`the link of the first start signs the owner in, over ${protocol}`, async () => {
    const token = await running.createSignInLink()
    const { profile } = await ask('redeemSignInLink', { token })
    assert.equal(profile.projects[0].projectId, 'default')
  })
}

test('every operation of the authenticator was asked over HTTP', () => {
  assert.deepEqual([...asked].sort(), operations.map(({ id }) => id).sort())
})
