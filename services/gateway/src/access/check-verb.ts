/** What a principal may do to collections: by its role, and by the scopes that narrow it. */

import { VectronError } from '@vectron/base'
import { auth } from '@vectron/contracts'
import type { Principal } from '@vectron/rpc'
import type { Verb } from './access-rules.ts'

const VERBS_OF_ROLE: Readonly<Record<auth.Role, readonly Verb[]>> = {
  [auth.Role.UNSPECIFIED]: [],
  [auth.Role.READER]: ['read'],
  [auth.Role.WRITER]: ['read', 'write'],
  [auth.Role.ADMIN]: ['read', 'write', 'admin'],
  [auth.Role.OWNER]: ['read', 'write', 'admin'],
}

/**
 * Whether the verb is allowed on the collection, or alias, of this name; without one, on some.
 *
 * @throws VectronError FORBIDDEN
 */
export function checkVerb(principal: Principal, verb: Verb, collection: string | undefined): void {
  const { role, projectId } = principal
  const what = collection === undefined ? 'collections' : `the collection "${collection}"`
  if (projectId === '' || !VERBS_OF_ROLE[role].includes(verb)) {
    const roleName = auth.Role[role].toLowerCase()
    throw new VectronError('FORBIDDEN', `The role ${roleName} may not ${verb} ${what}.`, {
      subject: verb,
    })
  }
  if (!isInScope(principal, verb, collection)) throw outOfScope(verb, what)
}

/**
 * Whether the verb is allowed on what an alias points to as well: an alias opens no collection
 * that the scopes leave out. The refusal does not tell which one it is.
 *
 * @throws VectronError FORBIDDEN
 */
export function checkTarget(
  principal: Principal,
  verb: Verb,
  { alias, collection }: { readonly alias: string; readonly collection: string },
): void {
  if (isInScope(principal, verb, collection)) return
  throw outOfScope(verb, `what the alias "${alias}" points to`)
}

/** Whether a principal may see a collection, or an alias, in a list. */
export function maySee(principal: Principal | undefined, name: string): boolean {
  return principal !== undefined && isInScope(principal, 'read', name)
}

function isInScope(
  { scopes, tokenScopes }: Principal,
  verb: Verb,
  collection: string | undefined,
): boolean {
  return [scopes, tokenScopes].every(
    (narrowing) =>
      narrowing.length === 0 || narrowing.some((scope) => allows(scope, verb, collection)),
  )
}

/** A scope on some collections lets its bearer list collections: it sees those alone. */
function allows(scope: auth.KeyScope, verb: Verb, collection: string | undefined): boolean {
  if (!scope.verbs.includes(verb)) return false
  return collection === undefined || matchesPattern(collection, scope.collection)
}

function matchesPattern(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

function outOfScope(verb: Verb, what: string): VectronError {
  const message = `The credential's scopes do not let it ${verb} ${what}.`
  return new VectronError('FORBIDDEN', message, { subject: verb })
}
