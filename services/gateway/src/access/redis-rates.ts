/**
 * The store of shared limits: a Redis or a Valkey.
 *
 * One script per request, one round trip. It is the generic cell rate algorithm (ITU-T I.371): per
 * project one number, the time at which its bucket would be full again. The store's own clock
 * counts, so those of the gateways may differ. Keys expire a moment after their buckets are full.
 */

import { once } from 'node:events'
import { createClient, defineScript } from '@redis/client'
import { type Logger, VectronError } from '@vectron/base'
import type { Taken } from './rate-limits.ts'
import type { RateStore } from './shared-rates.ts'

export interface RedisRatesOptions {
  readonly host: string
  readonly port: number
  /** Empty: the store's default user. */
  readonly user: string
  /** Empty: none. */
  readonly password: string
  /** Present: over TLS. */
  readonly tls?: {
    /** PEM of the authority that signed the store's certificate; absent: the system's. */
    readonly ca?: string
  }
  /** Before the key of each project. */
  readonly prefix: string
  readonly logger: Logger
}

/**
 * Answers whether it is allowed, how many may still come at once, and microseconds until one may.
 *
 * The bucket holds one second's worth. Half a request is forgiven, so that rounding refuses none.
 */
const TAKE = `
local second = 1000000
local time = redis.call('TIME')
-- Since 2025: a double then has bits to spare for fractions of a microsecond.
local now = (tonumber(time[1]) - 1735689600) * second + tonumber(time[2])
local interval = second / tonumber(ARGV[1])
local full = tonumber(redis.call('GET', KEYS[1]) or 0)
-- A clock that was set back must not lock the project out.
full = math.min(math.max(full, now), now + second)
local after = full + interval
local over = after - now - second
if over > interval / 2 then
  return {0, 0, math.ceil(over)}
end
redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', math.ceil((after - now) / 1000) + 1)
return {1, math.max(0, math.floor(0.5 - over / interval)), 0}
`

const take = defineScript({
  SCRIPT: TAKE,
  NUMBER_OF_KEYS: 1,
  parseCommand(parser, key: string, perSecond: number) {
    parser.pushKey(key)
    parser.push(`${perSecond}`)
  },
  transformReply: (reply: unknown) => reply,
})

/** Milliseconds for a connection to be made. */
const CONNECT_MS = 2000
/** Milliseconds between signs of life, and without one after which a connection is given up. */
const PING_EVERY_MS = 1000
const SILENCE_MS = 5000
const RECONNECT_MS = { first: 50, max: 1000 }

/** Connects in the background, again and again; until then it rejects what it is asked. */
export function openRedisRates(options: RedisRatesOptions): RateStore {
  const { host, port, user, password, tls, prefix, logger } = options
  const name = `redis ${host}:${port}`
  const client = createClient({
    socket: {
      host,
      port,
      ...(tls === undefined ? {} : { tls: true as const, ...tls }),
      connectTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      reconnectStrategy: (retries) =>
        Math.min(RECONNECT_MS.first * 2 ** Math.min(retries, 10), RECONNECT_MS.max),
    },
    ...(user === '' ? {} : { username: user }),
    ...(password === '' ? {} : { password }),
    RESP: 2,
    pingInterval: PING_EVERY_MS,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    scripts: { take },
  })
  let lastError = 'it was not reached yet'
  client.on('error', (error: unknown) => {
    lastError = describe(error)
    logger.debug({ store: name, why: lastError }, 'the store of limits is not reached')
  })
  // Ends when the client is closed; until then the client tries on.
  void client.connect().catch(() => {})
  const away = () => new VectronError('UNAVAILABLE', lastError, { subject: name })
  let connecting: Promise<unknown> | undefined
  /** Rejects when the next try to connect fails. */
  const connected = () => {
    connecting ??= once(client, 'ready').finally(() => {
      connecting = undefined
    })
    return connecting
  }
  return {
    name,
    async take(projectId, perSecond) {
      if (!client.isReady) throw away()
      return parseTaken(await client.take(`${prefix}${projectId}`, perSecond))
    },
    async check() {
      if (!client.isReady) await connected()
      await client.ping()
    },
    async close() {
      client.destroy()
    },
  }
}

function parseTaken(reply: unknown): Taken {
  const [allowed, remaining, retryUs] = Array.isArray(reply) ? reply.map(Number) : []
  if (allowed === undefined || remaining === undefined || retryUs === undefined) {
    throw new VectronError('INTERNAL', 'The store of limits answers something else.')
  }
  return { allowed: allowed === 1, remaining, retryAfterMs: Math.ceil(retryUs / 1000) }
}

/** Several addresses of one name fail together, in an error without words of its own. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ')
  return error instanceof Error ? error.message : String(error)
}
