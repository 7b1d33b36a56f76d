/** Checks of the server that commands would talk to. */
import { Vectron, VectronApiError } from '@vectron/client'
import type { Connection } from '../connection.ts'
import type { Finding } from './machine-checks.ts'

const TIMEOUT_MS = 2000
/** A Date header is in whole seconds, so less than this tells nothing. */
const CLOCK_SKEW_MS_MAX = 2000

/** Whether it answers, takes the key and is healthy; `warning` when it does not run. */
export async function checkServer({ url, apiKey }: Connection): Promise<Finding> {
  const check = `server ${url.value}`
  const options = { url: url.value, apiKey: apiKey?.value, timeoutMs: TIMEOUT_MS }
  try {
    const health = await new Vectron({ ...options, retry: { retriesMax: 0 } }).health()
    const found = `${health.status}, version ${health.version}`
    if (health.status === 'ok') return { check, status: 'ok', found }
    return { check, status: 'failed', found, advice: health.problems.join('; ') }
  } catch (error) {
    if (!(error instanceof VectronApiError)) throw error
    if (error.status === undefined) {
      return { check, status: 'warning', found: 'not running', advice: 'start it: vectron start' }
    }
    return { check, status: 'failed', found: error.message, advice: error.action ?? '' }
  }
}

/** How far the server's clock is from this machine's. */
export async function checkClock({ url }: Connection): Promise<Finding> {
  const check = 'clock'
  const sentMs = Date.now()
  const response = await fetch(`${url.value}/livez`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => undefined)
  const date = Date.parse(response?.headers.get('date') ?? '')
  if (Number.isNaN(date)) return { check, status: 'ok', found: new Date(sentMs).toISOString() }
  const skewMs = date - (sentMs + Date.now()) / 2
  const found = `${(skewMs / 1000).toFixed(1)} s from the server's`
  if (Math.abs(skewMs) <= CLOCK_SKEW_MS_MAX) return { check, status: 'ok', found }
  return { check, status: 'warning', found, advice: 'let both machines use NTP' }
}
