/**
 * The store of answers that gateways share: a Redis or a Valkey.
 *
 * An answer expires there, and how long it has left tells its age: no clock but the store's counts.
 */

import { RESP_TYPES } from '@redis/client'
import { KEPT_MS } from '../search/result-cache.ts'
import type { ResultStore } from '../search/shared-results.ts'
import { connectRedis, type RedisOptions } from './connect-redis.ts'

/** Connects in the background, again and again; until then it rejects what it is asked. */
export function openRedisResults(options: RedisOptions): ResultStore {
  const { name, client, checkReady } = connectRedis(options, {})
  const ofBytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  const keyOf = (key: string) => `${options.prefix}${key}`
  return {
    name,
    async get(key) {
      checkReady()
      // Sent together. An answer that expires between the two has no time left, or an odd one.
      const [bytes, leftMs] = await Promise.all([ofBytes.get(keyOf(key)), client.pTTL(keyOf(key))])
      if (bytes === null || leftMs < 0) return undefined
      return { bytes, ageMs: Math.max(0, KEPT_MS - leftMs) }
    },
    async put(key, bytes, ageMs) {
      checkReady()
      const leftMs = Math.floor(KEPT_MS - ageMs)
      if (leftMs < 1) return
      const expiration = { type: 'PX', value: leftMs } as const
      await client.set(keyOf(key), Buffer.from(bytes), { expiration })
    },
    close() {
      client.destroy()
    },
  }
}
