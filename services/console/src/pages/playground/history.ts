/**
 * What was sent from the playground, in this browser: requests alone, no answers, and no bodies of
 * calls that take a secret.
 */
import type { ApiOperation } from '../../api/openapi.ts'
import { keep, readKept } from '../../kit/kept.ts'
import type { Parameters } from './routes.ts'

export interface PastRequest {
  readonly operation: string
  readonly with: Parameters
  readonly body: string
  readonly status: number
  readonly tookMs: number
  /** Milliseconds since the epoch. */
  readonly sentMs: number
}

const KEPT_MAX = 30
const BODY_CHARS_MAX = 20_000
/** Their bodies hold passwords and tokens. */
const SECRET_SERVICES = new Set(['Accounts', 'Tokens'])

/** Its body is kept nowhere: neither in the history, nor in the address. */
export function takesSecret({ service }: ApiOperation): boolean {
  return SECRET_SERVICES.has(service)
}

/** Of one person: others may use this browser too. */
function keyOf(userId: string): string {
  return `vectron.playground.${userId}`
}

export function readHistory(userId: string): PastRequest[] {
  const kept = readKept(keyOf(userId))
  return Array.isArray(kept) ? kept : []
}

/** The history with the request in front, which is kept where the browser lets it. */
export function remember(
  userId: string,
  operation: ApiOperation,
  request: PastRequest,
): PastRequest[] {
  const isKept = !takesSecret(operation) && request.body.length <= BODY_CHARS_MAX
  const past = isKept ? request : { ...request, body: '' }
  const history = [past, ...readHistory(userId)].slice(0, KEPT_MAX)
  keep(keyOf(userId), history)
  return history
}

export function forgetHistory(userId: string): void {
  localStorage.removeItem(keyOf(userId))
}
