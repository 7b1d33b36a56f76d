/**
 * Whether a request that a cookie lets through was made by the console's own page.
 *
 * Three checks, of which the first cannot be met by a form or a link of another site, and the
 * others also catch a page of another origin that would be let send the header.
 */
import { VectronError } from '@vectron/base'
import type { PlainRequest } from '@vectron/rpc'

/** Only scripts can send it, and those of other origins only where CORS names it: nowhere. */
export const CONSOLE_HEADER = 'x-vectron-console'

/** @throws VectronError FORBIDDEN */
export function checkSameSite({ header }: PlainRequest): void {
  if (header(CONSOLE_HEADER) === undefined) throw refusal(`it has no header ${CONSOLE_HEADER}`)
  const site = header('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin') throw refusal(`it comes from a ${site} page`)
  const origin = header('origin')
  if (origin === undefined) return
  const host = hostOf(origin)
  const isOwn = host !== undefined && [header('host'), header('x-forwarded-host')].includes(host)
  if (!isOwn) throw refusal(`its page is of ${origin}`)
}

/** undefined for the `null` of sandboxed pages. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

function refusal(why: string): VectronError {
  return new VectronError('FORBIDDEN', `Sessions are for the console's own page alone: ${why}.`)
}
