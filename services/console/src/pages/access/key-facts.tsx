/** What is said of a key in lists and on its page: its state, and what it may do, in words. */
import type { ApiKey, KeyScope } from '@vectron/client'
import { formatAgo } from '../../kit/format.ts'
import { StateDot, type StateTone } from '../../kit/state-dot.tsx'

/** Days before its end from which a key is said to end soon. */
const SOON_DAYS = 7
const DAY_MS = 86_400_000

export interface KeyState {
  readonly tone: StateTone
  readonly text: string
  /** Whether it is let in. */
  readonly isInForce: boolean
}

export function keyState(key: ApiKey, nowMs: number = Date.now()): KeyState {
  const { revokeTime, expireTime, secrets } = key
  if (revokeTime !== '') return { tone: 'quiet', text: 'revoked', isInForce: false }
  const leftMs = expireTime === '' ? Number.POSITIVE_INFINITY : Date.parse(expireTime) - nowMs
  if (leftMs <= 0) return { tone: 'quiet', text: 'expired', isInForce: false }
  if (secrets > 1) return { tone: 'warn', text: 'being rotated', isInForce: true }
  if (leftMs < SOON_DAYS * DAY_MS) {
    return { tone: 'warn', text: `ends ${formatAgo(expireTime, nowMs)}`, isInForce: true }
  }
  return { tone: 'good', text: 'in force', isInForce: true }
}

export function KeyStateDot({ value }: { readonly value: ApiKey }) {
  const { tone, text } = keyState(value)
  return <StateDot tone={tone}>{text}</StateDot>
}

/** `shop-*: read, write`; what the role leaves where there are no scopes. */
export function formatScopes(scopes: readonly KeyScope[]): string {
  if (scopes.length === 0) return 'all collections'
  return scopes.map(({ collection, verbs }) => `${collection}: ${verbs.join(', ')}`).join('; ')
}
