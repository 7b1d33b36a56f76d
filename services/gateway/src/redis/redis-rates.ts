/**
 * The store of shared limits: a Redis or a Valkey.
 *
 * One script per request, one round trip. It is the generic cell rate algorithm (ITU-T I.371): per
 * project one number, the time at which its bucket would be full again. The store's own clock
 * counts, so those of the gateways may differ. Keys expire a moment after their buckets are full.
 */

import { defineScript } from '@redis/client'
import { VectronError } from '@vectron/base'
import type { Taken } from '../access/rate-limits.ts'
import type { RateStore } from '../access/shared-rates.ts'
import { connectRedis, type RedisOptions } from './connect-redis.ts'

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

/** Connects in the background, again and again; until then it rejects what it is asked. */
export function openRedisRates(options: RedisOptions): RateStore {
  const { name, client, checkReady, check } = connectRedis(options, { take })
  return {
    name,
    async take(projectId, perSecond) {
      checkReady()
      return parseTaken(await client.take(`${options.prefix}${projectId}`, perSecond))
    },
    check,
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
