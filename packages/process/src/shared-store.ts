/** The store that the gateways of a cluster share, as the settings of a gateway name it. */

import { readFileSync } from 'node:fs'
import { VectronError } from '@vectron/base'
import {
  openRedisRates,
  openRedisResults,
  type RateStore,
  type ResultStore,
} from '@vectron/gateway-service'
import { isLoopback, parseAddress } from './address.ts'
import type { GatewayConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

/** Opens parts of the store for a cluster, each over a connection of its own. */
export interface SharedStore {
  openRates(clusterId: string): RateStore
  openResults(clusterId: string): ResultStore
}

/**
 * Undefined when none is set.
 *
 * @throws VectronError INVALID_ARGUMENT naming the file that cannot be read
 */
export function sharedStore(
  { redis }: Pick<GatewayConfig, 'redis'>,
  { logger }: Pick<Surroundings, 'logger'>,
): SharedStore | undefined {
  if (redis.address === '') return undefined
  const { host, port } = parseAddress(redis.address)
  if (redis.password !== '' && redis.tls === 'off' && !isLoopback(host)) {
    logger.warn('redis.password leaves this machine in the clear: set redis.tls')
  }
  const ca = redis.ca === '' ? {} : { ca: readAuthority(redis.ca) }
  const optionsFor = (clusterId: string, use: string) => ({
    host,
    port,
    user: redis.user,
    password: redis.password,
    ...(redis.tls === 'on' ? { tls: ca } : {}),
    // Two clusters that use one store do not meet.
    prefix: `${redis.prefix}${clusterId}:${use}:`,
    logger,
  })
  return {
    openRates: (clusterId) => openRedisRates(optionsFor(clusterId, 'requests')),
    openResults: (clusterId) => openRedisResults(optionsFor(clusterId, 'results')),
  }
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
