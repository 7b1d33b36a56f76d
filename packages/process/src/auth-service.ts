/** `vectron auth`: the authenticator in a process of its own. */
import { resolve } from 'node:path'
import { createLogger, systemClock, systemRandom } from '@vectron/base'
import { Closers } from './closers.ts'
import { openGrpcEndpoint } from './grpc-endpoint.ts'
import { openAuthPart } from './parts.ts'
import type { OpenService, ServiceDefinition } from './run-service.ts'
import { AUTH_SETTINGS, type AuthConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'
import { openTrust } from './trust.ts'

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
  const listens = { 'grpc.host': config.grpc.host }
  const trust = await openTrust({ ...config, role: 'auth', listens, dials: {} }, around)
  const running = await openAuthPart(config, around)
  if ((await running.countKeys()) === 0) {
    around.logger.warn('there is no API key yet; make one: vectron auth --create-key NAME')
  }
  const services = [running.auth, ...running.publicServices]
  const endpoint = { ...config.grpc, setting: 'grpc.advertise' }
  const callers = ['gateway'] as const
  const grpc = await openGrpcEndpoint({ endpoint, services, trust, callers }, around)
  grpc.serve()
  return { addresses: { grpc: grpc.address }, problems: () => [] }
}

/**
 * Makes a key for the owner of the cluster, also while the process of the authenticator runs: its
 * store takes several processes.
 */
export async function createKey(config: AuthConfig, name: string): Promise<string> {
  const closers = new Closers()
  const logger = createLogger({ name: 'auth', level: 'warn' })
  try {
    const around = { clock: systemClock, random: systemRandom, logger, closers }
    const running = await openAuthPart(config, around)
    return (await running.createOwnerKey(name)).text
  } finally {
    await closers.closeAll()
  }
}
