/** The store of shared limits that the settings of a gateway name. */

import { readFileSync } from 'node:fs'
import { VectronError } from '@vectron/base'
import { openRedisRates, type RateStore } from '@vectron/gateway-service'
import { isLoopback, parseAddress } from './address.ts'
import type { GatewayConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Opens it for a cluster; undefined when none is set.
 *
 * @throws VectronError INVALID_ARGUMENT naming the file that cannot be read
 */
export function limitsStore(
  { redis }: GatewayConfig,
  { logger }: Surroundings,
): ((clusterId: string) => RateStore) | undefined {
  if (redis.address === '') return undefined
  const { host, port } = parseAddress(redis.address)
  if (redis.password !== '' && redis.tls === 'off' && !isLoopback(host)) {
    logger.warn('redis.password leaves this machine in the clear: set redis.tls')
  }
  const ca = redis.ca === '' ? {} : { ca: readAuthority(redis.ca) }
  return (clusterId) =>
    openRedisRates({
      host,
      port,
      user: redis.user,
      password: redis.password,
      ...(redis.tls === 'on' ? { tls: ca } : {}),
      // Projects of two clusters that use one store do not meet.
      prefix: `${redis.prefix}${clusterId}:requests:`,
      logger,
    })
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new VectronError('INVALID_ARGUMENT', `redis.ca: ${file} cannot be read.`, {
      field: 'redis.ca',
      cause,
    })
  }
}
