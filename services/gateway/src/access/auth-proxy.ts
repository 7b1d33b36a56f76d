/**
 * The authenticator's public services, served by the gateway too: clients and console need one
 * address. Calls are passed on with the caller's credential and address; nothing is looked at.
 */

import type { DescService } from '@bufbuild/protobuf'
import { assertDefined, LIMITS } from '@vectron/base'
import { auth, CALLER_ADDRESS_HEADER, PROJECT_HEADER } from '@vectron/contracts'
import { type BoundService, bindService, type CallContext, type Client } from '@vectron/rpc'

/** Clients of the authenticator's public services. */
export interface AuthDoors {
  readonly accounts: Client<typeof auth.Accounts>
  readonly projects: Client<typeof auth.Projects>
  readonly apiKeys: Client<typeof auth.ApiKeys>
  readonly tokens: Client<typeof auth.Tokens>
}

const PASSED_ON = ['authorization', 'x-api-key', PROJECT_HEADER, 'x-request-id'] as const

export function proxyAuth(doors: AuthDoors): BoundService[] {
  return [
    passOn(auth.Accounts, doors.accounts),
    passOn(auth.Projects, doors.projects),
    passOn(auth.ApiKeys, doors.apiKeys),
    passOn(auth.Tokens, doors.tokens),
  ]
}

type AnyUnary = (request: object, options: object) => Promise<object>

/** All methods of these services are unary. */
function passOn<S extends DescService>(desc: S, client: Client<S>): BoundService {
  const methods = client as Readonly<Record<string, AnyUnary>>
  const handlers = desc.methods.map(({ localName }) => {
    const method = assertDefined(methods[localName], `${desc.typeName} has ${localName}`)
    const handle = (request: object, call: CallContext) => method(request, passedOn(call))
    return [localName, handle] as const
  })
  return bindService(desc, Object.fromEntries(handlers) as never, {
    requestBytesMax: LIMITS.openRequestBytesMax,
  })
}

/** What a call to the authenticator is told of the call that it is made for. */
export function passedOn(call: CallContext) {
  return { headers: headersOf(call), timeoutMs: call.deadline.remainingMs() }
}

function headersOf(call: CallContext): Record<string, string> {
  const headers: Record<string, string> = { [CALLER_ADDRESS_HEADER]: call.peer }
  for (const name of PASSED_ON) {
    const value = call.header(name)
    if (value !== undefined) headers[name] = value
  }
  return headers
}
