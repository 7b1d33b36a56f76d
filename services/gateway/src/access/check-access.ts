/**
 * CheckAccess: whether a key would be let in with a call, found by what decides it for real calls,
 * on a request that names the collection and is handed to nobody.
 */
import { create, type DescMethod, type DescService } from '@bufbuild/protobuf'
import { didYouMean, isVectronError, VectronError } from '@vectron/base'
import { auth, vectron } from '@vectron/contracts'
import type { CallContext, Principal } from '@vectron/rpc'
import { type AccessRule, accessRule, isOfAuthenticator } from './access-rules.ts'
import { type AuthDoors, passedOn } from './auth-proxy.ts'
import { checkKeyAtAuthenticator } from './authenticator-rules.ts'
import type { CollectionNames } from './followed-alias.ts'
import { admit } from './guard.ts'
import { prefixOfProject } from './project-names.ts'

export interface CheckAccessOptions {
  readonly apiKeys: AuthDoors['apiKeys']
  readonly names: CollectionNames
  /** All that are public. */
  readonly services: readonly DescService[]
  readonly nowMs: () => number
}

type Verdict = Omit<vectron.CheckAccessResponse, '$typeName' | '$unknown'>

export async function checkAccess(
  options: CheckAccessOptions,
  request: vectron.CheckAccessRequest,
  call: CallContext,
): Promise<Verdict> {
  const method = findMethod(options.services, request.operation)
  // The authenticator says whether the caller may know of the project's keys.
  const projectId = call.principal?.projectId ?? ''
  const { keys } = await options.apiKeys.listApiKeys({ projectId }, passedOn(call))
  const key = keys.find(({ keyId }) => keyId === request.keyId)
  if (key === undefined) throw noSuchKey(request.keyId)
  const ended = whyEnded(key, options.nowMs())
  if (ended !== undefined) return refused('WRONG_KEY', ended)
  const principal = toPrincipal(key)
  try {
    const notes = isOfAuthenticator(method)
      ? admitToAuthenticator(method, principal)
      : await admitToCollections(options.names, method, { principal, ...request })
    return { allowed: true, reason: '', message: '', notes }
  } catch (error) {
    if (isVectronError(error, 'FORBIDDEN')) return refused(error.reason, error.message)
    throw error
  }
}

function refused(reason: string, message: string): Verdict {
  return { allowed: false, reason, message, notes: [] }
}

/** @throws VectronError INVALID_ARGUMENT naming the nearest operation there is */
function findMethod(services: readonly DescService[], operation: string): DescMethod {
  const methods = services.flatMap((service) => service.methods)
  const method = methods.find(({ localName }) => localName === operation)
  if (method !== undefined) return method
  const names = methods.map(({ localName }) => localName)
  const hint = didYouMean(operation, names)
  throw new VectronError(
    'INVALID_ARGUMENT',
    `There is no operation "${operation}"; /openapi.json lists them.${hint}`,
    { field: 'operation' },
  )
}

function noSuchKey(keyId: string): VectronError {
  return new VectronError('INVALID_ARGUMENT', `The project has no API key "${keyId}".`, {
    field: 'keyId',
  })
}

function whyEnded({ revokeTime, expireTime }: auth.ApiKey, nowMs: number): string | undefined {
  if (revokeTime !== '') return `The key was revoked at ${revokeTime}.`
  if (expireTime !== '' && Date.parse(expireTime) <= nowMs) {
    return `The key ended at ${expireTime}.`
  }
  return undefined
}

function toPrincipal(key: auth.ApiKey): Principal {
  const { keyId, name, projectId, role, scopes, rowRule, clusterOperator } = key
  return create(auth.PrincipalSchema, {
    keyId,
    name,
    projectId,
    role,
    scopes,
    rowRule,
    clusterOperator,
  })
}

function admitToAuthenticator(method: DescMethod, principal: Principal): string[] {
  checkKeyAtAuthenticator(method, principal)
  return []
}

interface Entrant {
  readonly principal: Principal
  readonly collection: string
}

/** Notes of who is let in. @throws VectronError FORBIDDEN, MISSING_FIELD, INVALID_NAME */
async function admitToCollections(
  names: CollectionNames,
  method: DescMethod,
  { principal, collection }: Entrant,
): Promise<string[]> {
  const rule = accessRule(method)
  const isNamed = rule.kind === 'collection' || rule.kind === 'aliases'
  if (isNamed && collection === '') {
    throw new VectronError('MISSING_FIELD', `${method.localName} is about a collection: name it.`, {
      field: 'collection',
    })
  }
  await admit(rule, names, requestNaming(rule, method, collection), {
    principal,
    method,
    audited: '',
  })
  const notes = []
  if (isNamed && rule.kind === 'collection' && rule.field === 'collection') {
    const inner = prefixOfProject(principal.projectId) + collection
    const there = await names.resolveName(inner)
    if (names.peekName(there) === undefined) {
      notes.push(`There is no collection "${collection}" now: it would be told so.`)
    }
  }
  if (principal.rowRule !== '' && rule.kind === 'collection') {
    notes.push('For the key there are only points that match its row rule.')
  }
  return notes
}

/** A request of which only the names are set that admission looks at. */
function requestNaming(rule: AccessRule, method: DescMethod, collection: string) {
  switch (rule.kind) {
    case 'collection':
      return create(method.input, { [rule.field]: collection })
    case 'aliases':
      return create(vectron.UpdateAliasesRequestSchema, {
        actions: [{ action: { case: 'switch', value: { alias: collection, collection } } }],
      })
    case 'anyone':
    case 'operator':
    case 'project':
      return create(method.input)
  }
}
