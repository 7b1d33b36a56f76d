/**
 * Who makes a call to the public services of this process, and what they must be for it.
 */

import { VectronError } from '@vectron/base'
import { CALLER_ADDRESS_HEADER, PROJECT_HEADER } from '@vectron/contracts'
import type { CallContext } from '@vectron/rpc'
import { isWithinRole } from './api-keys.ts'
import { toPrincipal } from './messages.ts'
import type { Caller, Membership, Principals } from './principals.ts'
import type { RoleName } from './records.ts'

/** A person who is signed in. */
export type Person = Caller & { readonly kind: 'user' }

/** Notes who calls, for the audit. @throws VectronError NO_KEY, WRONG_KEY */
export async function callerOf(principals: Principals, call: CallContext): Promise<Caller> {
  const caller = await principals.resolve(credentialOf(call), call.header(PROJECT_HEADER))
  if (caller === undefined) {
    throw new VectronError('WRONG_KEY', 'The credential is unknown, mistyped, expired or revoked.')
  }
  call.principal = toPrincipal(caller)
  return caller
}

/** @throws VectronError FORBIDDEN for an API key: what concerns a person is done by that person */
export async function personOf(principals: Principals, call: CallContext): Promise<Person> {
  const caller = await callerOf(principals, call)
  if (caller.kind === 'user') return { ...caller, kind: 'user' }
  throw new VectronError('FORBIDDEN', 'An API key has no account; sign in.')
}

/**
 * The caller, as a member of the project with at least this role.
 *
 * @throws VectronError FORBIDDEN, alike for projects that do not exist
 */
export async function memberOf(
  principals: Principals,
  call: CallContext,
  wanted: { readonly projectId: string; readonly role: RoleName },
): Promise<Caller & { readonly membership: Membership }> {
  const caller = await callerOf(principals, call)
  const { projectId, role } = wanted
  const membership =
    caller.kind === 'user'
      ? await principals.membershipOf(caller.userId, projectId)
      : caller.membership
  if (membership === undefined || membership.project.value.id !== projectId) {
    throw new VectronError('FORBIDDEN', `Project "${projectId}" is not yours.`)
  }
  // A narrowed key does nothing here: scopes speak of collections alone.
  const isNarrow = [...caller.scopes, ...caller.tokenScopes].length > 0 || caller.rowRule !== ''
  if (!isWithinRole(role, membership.role) || isNarrow) {
    throw new VectronError(
      'FORBIDDEN',
      `This needs the role ${role} in project "${projectId}"; you have ${membership.role}.`,
    )
  }
  return { ...caller, membership }
}

/**
 * Where a call comes from, without the port. Gateways, who alone reach the other protocols, say
 * whom they pass on; over HTTP anybody could.
 */
export function addressOf(call: CallContext): string {
  const told = call.protocol === 'http' ? undefined : call.header(CALLER_ADDRESS_HEADER)
  const peer = told ?? call.peer
  return peer.replace(/:\d+$/, '')
}

function credentialOf(call: CallContext): string {
  const [scheme, bearer] = call.header('authorization')?.trim().split(/\s+/) ?? []
  if (scheme?.toLowerCase() === 'bearer' && bearer !== undefined) return bearer
  const key = call.header('x-api-key')?.trim()
  if (key !== undefined && key !== '') return key
  throw new VectronError('NO_KEY', 'The request brings no credential.')
}
