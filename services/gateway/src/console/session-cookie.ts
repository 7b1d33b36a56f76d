/**
 * The cookie that keeps a browser signed in: the refresh token, out of the reach of scripts, sent
 * to the session routes of this host alone.
 */
import type { PlainRequest } from '@vectron/rpc'

const NAME = 'vectron_session'
/** Under which all session routes lie. */
export const SESSION_PATH = '/console/session'
/** As long as the authenticator keeps a session without a refresh. */
const MAX_AGE_SECONDS = 30 * 24 * 3600

/** The refresh token; undefined without one. */
export function readCookie({ header }: PlainRequest): string | undefined {
  for (const part of (header('cookie') ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2)
    if (name === NAME && value) return value
  }
  return undefined
}

export function setCookie(request: PlainRequest, refreshToken: string): string {
  return cookie(request, refreshToken, MAX_AGE_SECONDS)
}

export function clearCookie(request: PlainRequest): string {
  return cookie(request, '', 0)
}

function cookie(request: PlainRequest, value: string, maxAgeSeconds: number): string {
  const parts = [
    `${NAME}=${value}`,
    `Path=${SESSION_PATH}`,
    `Max-Age=${maxAgeSeconds}`,
    'HttpOnly',
    'SameSite=Strict',
    ...(isEncrypted(request) ? ['Secure'] : []),
  ]
  return parts.join('; ')
}

/** TLS ends at a proxy in front of the gateway, which says so. */
function isEncrypted({ header }: PlainRequest): boolean {
  return header('x-forwarded-proto')?.split(',')[0]?.trim() === 'https'
}
