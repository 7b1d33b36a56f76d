/** How fresh a read must be: from the public request to what routing and workers understand. */

import { VectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { parseSessionToken, type ReadFreshness } from '@vectron/routing'

const EVENTUAL: ReadFreshness = { kind: 'eventual' }
const STRONG: ReadFreshness = { kind: 'strong' }

export interface FreshnessRequest {
  readonly consistency: vectron.Consistency
  readonly sessionToken: string
}

/**
 * A session token alone asks for session consistency.
 *
 * @throws VectronError MISSING_FIELD, INVALID_SESSION_TOKEN, INVALID_ARGUMENT
 */
export function takeFreshness(clusterId: string, request: FreshnessRequest): ReadFreshness {
  const { consistency, sessionToken } = request
  switch (consistency) {
    case vectron.Consistency.UNSPECIFIED:
      if (sessionToken === '') return EVENTUAL
      return { kind: 'session', positions: parseSessionToken(clusterId, sessionToken) }
    case vectron.Consistency.SESSION:
      if (sessionToken === '') {
        throw new VectronError('MISSING_FIELD', 'consistency "session" needs a sessionToken.', {
          field: 'sessionToken',
        })
      }
      return { kind: 'session', positions: parseSessionToken(clusterId, sessionToken) }
    case vectron.Consistency.EVENTUAL:
      return EVENTUAL
    case vectron.Consistency.STRONG:
      return STRONG
    default:
      throw new VectronError('INVALID_ARGUMENT', `consistency ${consistency} does not exist.`, {
        field: 'consistency',
      })
  }
}
