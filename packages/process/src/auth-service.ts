/** `vectron auth`: the authenticator in a process of its own. */
import { resolve } from 'node:path'
import { type CreatedKey, openKeyStore } from '@vectron/auth-service'
import { systemClock } from '@vectron/base'
import { openGrpcEndpoint } from './grpc-endpoint.ts'
import { keyFile, openAuthPart } from './parts.ts'
import type { OpenService, ServiceDefinition } from './run-service.ts'
import { AUTH_SETTINGS, type AuthConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

export const AUTH_SERVICE: ServiceDefinition<typeof AUTH_SETTINGS> = {
  name: 'auth',
  settings: AUTH_SETTINGS,
  node: ({ node, admin, log, data }) => ({
    name: node.name || 'auth',
    admin,
    logLevel: log.level,
    dataFolder: resolve(data.folder),
  }),
  open: openAuthService,
}

async function openAuthService(config: AuthConfig, around: Surroundings): Promise<OpenService> {
  const { keys, service } = openAuthPart(config.data.folder, around)
  if (keys.listKeys().length === 0) {
    around.logger.warn('there is no API key yet; make one: vectron auth --create-key NAME')
  }
  const grpc = await openGrpcEndpoint(config.grpc, [service], around)
  grpc.serve()
  return { addresses: { grpc: grpc.address }, problems: () => [] }
}

/**
 * Makes a key in the authenticator's folder, also while its process runs: both use the one file of
 * keys, which takes several processes.
 */
export function createKey(config: AuthConfig, name: string): CreatedKey {
  const keys = openKeyStore(keyFile(config.data.folder), systemClock)
  try {
    return keys.createKey({ name, environment: 'live' })
  } finally {
    keys.close()
  }
}
