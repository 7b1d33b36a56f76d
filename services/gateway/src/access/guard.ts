/**
 * Authorization: lets a request through to its handler when its caller may do that to that
 * collection, under the collection's inner name, and takes the inner names out of what comes back.
 *
 * The one place: handlers below know neither roles, projects nor aliases. An alias is looked up
 * once, when the request begins, so that one request is about one collection.
 */

import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import { isVectronError, VectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import type { BoundService, CallContext, Principal } from '@vectron/rpc'
import { checkCollectionName } from '../check-collection.ts'
import {
  type AccessRule,
  accessRule,
  type CollectionRule,
  type Rows,
  type Verb,
} from './access-rules.ts'
import { admitAliasActions } from './alias-actions.ts'
import { checkTarget, checkVerb } from './check-verb.ts'
import { type CollectionNames, FollowedAlias, keepNames } from './followed-alias.ts'
import { prefixOfProject } from './project-names.ts'

type AnyMessage = MessageShape<DescMessage>
type AnyInit = MessageInitShape<DescMessage>

/** Looks at a request that is allowed, before its handler does; throws to refuse it. */
export type Inspect = (request: AnyMessage, call: CallContext, method: DescMethod) => void

export interface GuardOptions {
  readonly names: CollectionNames
  readonly inspect: Inspect
}

/** The service, its handlers behind the guard. */
export function guardService(service: BoundService, options: GuardOptions): BoundService {
  const methods = service.methods.map((method) => {
    const rule = accessRule(method.open)
    const enter: Enter = (request, call, names) => {
      const alias = admit(rule, names, request, call)
      const inspect = () => options.inspect(request, call, method.open)
      if (!(alias instanceof Promise)) {
        inspect()
        return alias
      }
      return alias.then((followed) => {
        inspect()
        return followed
      })
    }
    return { ...method, handler: guardHandler(method.handler, options.names, enter) }
  })
  return { ...service, methods }
}

type Handler = BoundService['methods'][number]['handler']
/**
 * The alias that a request named, if it did; a promise only for a name that the routing at hand
 * does not know: awaiting costs a turn of the microtask queue in every search.
 */
type Entered = FollowedAlias | undefined | Promise<FollowedAlias | undefined>
type Enter = (request: AnyMessage, call: CallContext, names: CollectionNames) => Entered

function guardHandler(handler: Handler, names: CollectionNames, enter: Enter): Handler {
  switch (handler.kind) {
    case 'unary':
      return {
        kind: 'unary',
        handle: async (request, call) => {
          const entered = enter(request, call, names)
          const alias = entered instanceof Promise ? await entered : entered
          const handle = () => handler.handle(request, call)
          return leave(call, alias === undefined ? handle() : alias.follow(handle))
        },
      }
    case 'server_streaming':
      return {
        kind: 'server_streaming',
        handle: async function* (request, call) {
          await enter(request, call, names)
          yield* leaving(call, handler.handle(request, call))
        },
      }
    case 'client_streaming':
      return {
        kind: 'client_streaming',
        handle: (requests, call) => {
          const entered = entering(requests, call, { names, enter })
          return leave(call, handler.handle(entered, call))
        },
      }
    case 'bidi_streaming':
      return {
        kind: 'bidi_streaming',
        handle: (requests, call) => {
          const entered = entering(requests, call, { names, enter })
          return leaving(call, handler.handle(entered, call))
        },
      }
  }
}

async function* entering(
  requests: AsyncIterable<AnyMessage>,
  call: CallContext,
  { names, enter }: { readonly names: CollectionNames; readonly enter: Enter },
): AsyncIterable<AnyMessage> {
  const namesOfCall = keepNames(names)
  for await (const request of requests) {
    await enter(request, call, namesOfCall)
    yield request
  }
}

/** What of a call decides whether it is let in. */
export type EnteringCall = Pick<CallContext, 'principal' | 'method' | 'audited'>

/**
 * Lets a request in, and gives the names in it the project's prefix.
 *
 * @throws VectronError NO_KEY, FORBIDDEN
 */
export function admit(
  rule: AccessRule,
  names: CollectionNames,
  request: AnyMessage,
  call: EnteringCall,
): Entered {
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
      checkRows(rule, principal, call)
      return
    case 'aliases':
      admitAliasActions(request as vectron.UpdateAliasesRequest, principal, call)
      return
    case 'collection':
      return admitToCollection(rule, names, { request, principal, call })
  }
}

interface Entrant {
  readonly request: AnyMessage
  readonly principal: Principal
  readonly call: EnteringCall
}

function admitToCollection(
  rule: CollectionRule,
  names: CollectionNames,
  { request, principal, call }: Entrant,
): Entered {
  const { verb, field, byAlias } = rule
  const name = String(fieldsOf(request)[field] ?? '')
  // Refusals too say what they were about; a name that is not checked yet may be of any length.
  call.audited = name.slice(0, AUDITED_CHARS_MAX)
  checkVerb(principal, verb, name)
  checkRows(rule, principal, call)
  // A name with "/" must not become another project's.
  if (name.includes('/') || field === 'name') checkCollectionName(name, field)
  if (name === '') return
  const prefix = prefixOfProject(principal.projectId)
  const named = prefix + name
  const places = placesOf(rule, request, name)
  const put = (collection: string) => {
    const visible = collection.slice(prefix.length)
    if (collection !== named) checkTarget(principal, verb, { alias: name, collection: visible })
    for (const place of places) place[field] = collection
  }
  const enterAs = (collection: string) => {
    put(collection)
    if (collection === named) return undefined
    return new FollowedAlias({ names, alias: named, collection, put })
  }
  const known = byAlias ? names.peekName(named) : named
  return known === undefined ? names.resolveName(named).then(enterAs) : enterAs(known)
}

const AUDITED_CHARS_MAX = 256

/** @throws VectronError FORBIDDEN */
function checkRows(
  { verb, rows }: { readonly verb: Verb; readonly rows: Rows },
  { rowRule }: Principal,
  { method }: EnteringCall,
): void {
  if (rowRule === '' || rows === 'visible') return
  throw new VectronError(
    'FORBIDDEN',
    `${method.name} is about all rows of the collection: a key with a row rule may not call it.`,
    { subject: verb },
  )
}

/** The messages that have the name: the request, and those within it that repeat it. */
function placesOf(
  { field, within }: CollectionRule,
  request: AnyMessage,
  name: string,
): Record<string, unknown>[] {
  const fields = fieldsOf(request)
  if (within === undefined) return [fields]
  const inner = fields[within] as Record<string, unknown>[]
  return [fields, ...inner.filter((each) => each[field] === name)]
}

function fieldsOf(message: AnyMessage): Record<string, unknown> {
  return message as unknown as Record<string, unknown>
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
    case vectron.UpdateAliasesResponseSchema.typeName:
    case vectron.ListAliasesResponseSchema.typeName: {
      const list = answer as MessageInitShape<typeof vectron.ListAliasesResponseSchema>
      const aliases = list.aliases?.map(({ alias, collection }) => {
        return { alias: cut(alias), collection: cut(collection) }
      })
      return { ...list, aliases: aliases ?? [] }
    }
    default:
      return answer
  }
}
