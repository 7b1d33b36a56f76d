/** The handlers of auth.v1.ApiKeys. */

import { VectronError } from '@vectron/base'
import { type auth, checkFilter, vectron } from '@vectron/contracts'
import { parseMessage, type ServiceHandlers } from '@vectron/rpc'
import { isWithinRole } from './api-keys.ts'
import type { AuthContext } from './auth-context.ts'
import { memberOf } from './caller.ts'
import { parseRole, parseScopes, parseTime, toApiKey, toListed } from './messages.ts'

const ROW_RULE_CHARS_MAX = 8192

export function apiKeysHandlers(context: AuthContext): ServiceHandlers<typeof auth.ApiKeys> {
  const { apiKeys, principals, audit } = context
  return {
    async createApiKey(request, call) {
      const { projectId } = request
      const own = await memberOf(principals, call, { projectId, role: 'admin' })
      const role = parseRole(request.role, 'writer')
      if (!isWithinRole(role, own.membership.role)) {
        throw new VectronError(
          'FORBIDDEN',
          `A key may do no more than who makes it: you are ${own.membership.role}, not ${role}.`,
        )
      }
      const expiresMs = parseTime(request.expireTime, 'expireTime')
      const { key, text } = await apiKeys.create({
        projectId,
        name: request.name,
        environment: parseEnvironment(request.environment),
        role,
        scopes: parseScopes(request.scopes),
        rowRule: parseRowRule(request.rowRule),
        createdBy: own.userId || own.keyId,
        // A key runs the cluster only when it is its owner's and not narrowed.
        clusterOperator:
          own.clusterOperator &&
          role === 'owner' &&
          request.scopes.length === 0 &&
          request.rowRule === '',
        ...(expiresMs === undefined ? {} : { expiresMs }),
      })
      audit(call, 'key.create', { projectId, keyId: key.id })
      return { key: toApiKey(toListed(key)), text }
    },

    async listApiKeys({ projectId }, call) {
      await memberOf(principals, call, { projectId, role: 'admin' })
      return { keys: (await apiKeys.list(projectId)).map(toApiKey) }
    },

    async revokeApiKey({ projectId, keyId }, call) {
      await memberOf(principals, call, { projectId, role: 'admin' })
      const key = await apiKeys.revoke(projectId, keyId)
      audit(call, 'key.revoke', { projectId, keyId })
      return toApiKey(toListed(key))
    },

    async rotateApiKey({ projectId, keyId, finish }, call) {
      await memberOf(principals, call, { projectId, role: 'admin' })
      if (finish) {
        const key = await apiKeys.finishRotation(projectId, keyId)
        audit(call, 'key.finish-rotation', { projectId, keyId })
        return { key: toApiKey(toListed(key)), text: '' }
      }
      const { key, text } = await apiKeys.rotate(projectId, keyId)
      audit(call, 'key.rotate', { projectId, keyId })
      return { key: toApiKey(toListed(key)), text }
    },
  }
}

function parseEnvironment(text: string): 'live' | 'dev' {
  switch (text) {
    case '':
    case 'live':
      return 'live'
    case 'dev':
      return 'dev'
    default:
      throw new VectronError('INVALID_ARGUMENT', `The environment is "live" or "dev".`, {
        field: 'environment',
      })
  }
}

/** A row rule is a filter with a condition; another would lock everybody out, or nobody. */
function parseRowRule(text: string): string {
  if (text === '') return ''
  if (text.length > ROW_RULE_CHARS_MAX) {
    throw new VectronError(
      'INVALID_ARGUMENT',
      `A row rule has at most ${ROW_RULE_CHARS_MAX} characters.`,
      {
        field: 'rowRule',
      },
    )
  }
  const filter = parseFilter(text)
  checkFilter(filter, 'rowRule')
  const { must, should, mustNot } = filter
  if (must.length + should.length + mustNot.length > 0) return text
  throw new VectronError('INVALID_FILTER', 'The row rule has no condition: all points match it.', {
    field: 'rowRule',
  })
}

function parseFilter(text: string): vectron.Filter {
  try {
    return parseMessage(vectron.FilterSchema, text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new VectronError('INVALID_FILTER', `The row rule is no filter: ${why}`, {
      field: 'rowRule',
      cause,
    })
  }
}
