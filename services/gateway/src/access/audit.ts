/**
 * Audits calls: every one that changes what exists or is refused for who calls; writes of points
 * and reads are not, they are the traffic itself.
 */

import type { DescMethod } from '@bufbuild/protobuf'
import { type AuditLog, isVectronError, toVectronError } from '@vectron/base'
import type { CallContext, Interceptor } from '@vectron/rpc'
import { accessRule, isOfAuthenticator } from './access-rules.ts'

const REFUSALS: ReadonlySet<string> = new Set(['NO_KEY', 'WRONG_KEY', 'FORBIDDEN'])

/** The outermost of the access interceptors, so that it sees what the others refuse. */
export function auditCalls(log: AuditLog): Interceptor {
  const known = new Map<DescMethod, Audited>()
  const auditedOf = (method: DescMethod): Audited => {
    const audited = known.get(method) ?? judge(method)
    known.set(method, audited)
    return audited
  }
  return async (call, next) => {
    const audited = auditedOf(call.method)
    if (audited === 'elsewhere') return next()
    try {
      await next()
      if (audited === 'always') write(log, call, 'ok')
    } catch (error) {
      const { reason } = toVectronError(error)
      if (audited === 'always' || (isVectronError(error) && REFUSALS.has(reason))) {
        write(log, call, reason)
      }
      throw error
    }
  }
}

/** By whom calls of a method are audited, and which. */
type Audited = 'elsewhere' | 'always' | 'when refused'

function judge(method: DescMethod): Audited {
  if (isOfAuthenticator(method)) return 'elsewhere'
  return isChange(method) ? 'always' : 'when refused'
}

function isChange(method: DescMethod): boolean {
  const rule = accessRule(method)
  switch (rule.kind) {
    case 'collection':
    case 'project':
    case 'aliases':
      return rule.verb === 'admin' && !isLook(method)
    case 'operator':
      return !isLook(method)
    case 'anyone':
      return false
  }
}

function isLook({ localName }: DescMethod): boolean {
  return /^(check|get|list|watch)/.test(localName)
}

function write(log: AuditLog, call: CallContext, result: string): void {
  const { principal, method, requestId, peer, audited } = call
  log.write({
    action: `${method.parent.name}.${method.localName}`,
    actor: principal?.userId || principal?.keyId || '',
    project: principal?.projectId ?? '',
    subject: audited,
    result,
    requestId,
    peer,
  })
}
