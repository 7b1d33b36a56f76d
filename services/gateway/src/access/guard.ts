/**
 * Authorization: lets a request through to its handler when its caller may do that to that
 * collection, under the collection's inner name, and takes the inner names out of what comes back.
 *
 * The one place: handlers below know neither roles nor projects.
 */

import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import { isVectronError, VectronError } from '@vectron/base'
import { auth, vectron } from '@vectron/contracts'
import type { BoundService, CallContext, Principal } from '@vectron/rpc'
import { checkCollectionName } from '../check-collection.ts'
import { type AccessRule, accessRule, type Verb } from './access-rules.ts'
import { prefixOfProject } from './project-names.ts'

type AnyMessage = MessageShape<DescMessage>
type AnyInit = MessageInitShape<DescMessage>

/** Looks at a request that is allowed, before its handler does; throws to refuse it. */
export type Inspect = (request: AnyMessage, call: CallContext, method: DescMethod) => void

const VERBS_OF_ROLE: Readonly<Record<auth.Role, readonly Verb[]>> = {
  [auth.Role.UNSPECIFIED]: [],
  [auth.Role.READER]: ['read'],
  [auth.Role.WRITER]: ['read', 'write'],
  [auth.Role.ADMIN]: ['read', 'write', 'admin'],
  [auth.Role.OWNER]: ['read', 'write', 'admin'],
}

/** The service, its handlers behind the guard. */
export function guardService(service: BoundService, inspect: Inspect): BoundService {
  const methods = service.methods.map((method) => {
    const rule = accessRule(method.open)
    const enter = (request: AnyMessage, call: CallContext): void => {
      admit(rule, request, call)
      inspect(request, call, method.open)
    }
    return { ...method, handler: guardHandler(method.handler, enter) }
  })
  return { ...service, methods }
}

type Handler = BoundService['methods'][number]['handler']
type Enter = (request: AnyMessage, call: CallContext) => void

function guardHandler(handler: Handler, enter: Enter): Handler {
  switch (handler.kind) {
    case 'unary':
      return {
        kind: 'unary',
        handle: async (request, call) => {
          enter(request, call)
          return leave(call, handler.handle(request, call))
        },
      }
    case 'server_streaming':
      return {
        kind: 'server_streaming',
        handle: async function* (request, call) {
          enter(request, call)
          yield* leaving(call, handler.handle(request, call))
        },
      }
    case 'client_streaming':
      return {
        kind: 'client_streaming',
        handle: (requests, call) =>
          leave(call, handler.handle(entering(requests, call, enter), call)),
      }
    case 'bidi_streaming':
      return {
        kind: 'bidi_streaming',
        handle: (requests, call) =>
          leaving(call, handler.handle(entering(requests, call, enter), call)),
      }
  }
}

async function* entering(
  requests: AsyncIterable<AnyMessage>,
  call: CallContext,
  enter: Enter,
): AsyncIterable<AnyMessage> {
  for await (const request of requests) {
    enter(request, call)
    yield request
  }
}

/** @throws VectronError FORBIDDEN */
function admit(rule: AccessRule, request: AnyMessage, call: CallContext): void {
  const { principal } = call
  if (principal === undefined) throw new VectronError('NO_KEY', 'The request brings no credential.')
  switch (rule.kind) {
    case 'anyone':
      return
    case 'operator':
      if (!principal.clusterOperator) {
        throw new VectronError('FORBIDDEN', 'Only an operator of the cluster may do this.')
      }
      return
    case 'project':
      checkVerb(principal, rule.verb, undefined)
      return
    case 'collection':
      admitToCollection(rule, request, principal, call)
      return
  }
}

function admitToCollection(
  { verb, field, rows }: Extract<AccessRule, { kind: 'collection' }>,
  request: AnyMessage,
  principal: Principal,
  call: CallContext,
): void {
  const fields = request as unknown as Record<string, unknown>
  const name = String(fields[field] ?? '')
  checkVerb(principal, verb, name)
  if (principal.rowRule !== '' && rows === 'all') {
    const { name: method } = call.method
    throw new VectronError(
      'FORBIDDEN',
      `${method} is about all rows of the collection: a key with a row rule may not call it.`,
      { subject: verb },
    )
  }
  call.audited = name
  // A name with "/" must not become another project's.
  if (name.includes('/') || field === 'name') checkCollectionName(name, field)
  const prefix = prefixOfProject(principal.projectId)
  if (prefix !== '' && name !== '') fields[field] = prefix + name
}

function checkVerb(principal: Principal, verb: Verb, collection: string | undefined): void {
  const { role, scopes, tokenScopes } = principal
  const what = collection === undefined ? 'collections' : `the collection "${collection}"`
  if (principal.projectId === '' || !VERBS_OF_ROLE[role].includes(verb)) {
    const roleName = auth.Role[role].toLowerCase()
    throw new VectronError('FORBIDDEN', `The role ${roleName} may not ${verb} ${what}.`, {
      subject: verb,
    })
  }
  for (const narrowing of [scopes, tokenScopes]) {
    if (narrowing.length === 0 || narrowing.some((scope) => allows(scope, verb, collection))) {
      continue
    }
    throw new VectronError('FORBIDDEN', `The credential's scopes do not let it ${verb} ${what}.`, {
      subject: verb,
    })
  }
}

/** A scope on some collections lets its bearer list collections: it sees those alone. */
function allows(scope: auth.KeyScope, verb: Verb, collection: string | undefined): boolean {
  if (!scope.verbs.includes(verb)) return false
  return collection === undefined || matchesPattern(collection, scope.collection)
}

/** Whether a principal may see a collection in a list. */
export function maySee(principal: Principal | undefined, name: string): boolean {
  if (principal === undefined) return false
  return [principal.scopes, principal.tokenScopes].every(
    (scopes) => scopes.length === 0 || scopes.some((scope) => allows(scope, 'read', name)),
  )
}

function matchesPattern(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

/** Waits for the handler and takes the project's prefix out of its answer or error. */
async function leave(call: CallContext, answering: Promise<AnyInit>): Promise<AnyInit> {
  try {
    return withoutPrefix(call, await answering)
  } catch (error) {
    throw errorWithoutPrefix(call, error)
  }
}

/** The same for a handler that answers again and again. */
async function* leaving(
  call: CallContext,
  answers: AsyncIterable<AnyInit>,
): AsyncIterable<AnyInit> {
  try {
    for await (const answer of answers) yield withoutPrefix(call, answer)
  } catch (error) {
    throw errorWithoutPrefix(call, error)
  }
}

/** Projects whose collections have no prefix tell what there is as it is. */
function prefixOf({ principal }: CallContext): string {
  return prefixOfProject(principal?.projectId ?? '')
}

function errorWithoutPrefix(call: CallContext, error: unknown): unknown {
  const prefix = prefixOf(call)
  if (prefix === '' || !isVectronError(error)) return error
  const { reason, field, subject, retryAfterMs, metadata } = error
  return new VectronError(reason, error.message.replaceAll(prefix, ''), {
    field,
    subject: subject?.replaceAll(prefix, ''),
    retryAfterMs,
    metadata,
    cause: error,
  })
}

/** Cuts it in the messages that name a collection. */
function withoutPrefix(call: CallContext, answer: AnyInit): AnyInit {
  const { method } = call
  const prefix = prefixOf(call)
  const cut = (name: string | undefined) => name?.replace(prefix, '') ?? ''
  switch (method.output.typeName) {
    case vectron.CollectionSchema.typeName: {
      const collection = answer as MessageInitShape<typeof vectron.CollectionSchema>
      return { ...collection, name: cut(collection.name) }
    }
    case vectron.CollectionStatsSchema.typeName: {
      const stats = answer as MessageInitShape<typeof vectron.CollectionStatsSchema>
      return { ...stats, collection: cut(stats.collection) }
    }
    case vectron.ListCollectionsResponseSchema.typeName: {
      const list = answer as MessageInitShape<typeof vectron.ListCollectionsResponseSchema>
      const collections = list.collections?.map((one) => ({ ...one, name: cut(one.name) })) ?? []
      return { ...list, collections }
    }
    default:
      return answer
  }
}
