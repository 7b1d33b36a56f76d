/**
 * A connection to a Redis or a Valkey that gateways share.
 *
 * It is made in the background, again and again. While there is none, what is asked of it fails at
 * once: nothing waits for a store that is away.
 */

import { once } from 'node:events'
import { createClient, type RedisScripts } from '@redis/client'
import { type Logger, VectronError } from '@vectron/base'

export interface RedisOptions {
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
  /** Before every key. */
  readonly prefix: string
  readonly logger: Logger
}

/** Milliseconds for a connection to be made. */
const CONNECT_MS = 2000
/** Milliseconds between signs of life, and without one after which a connection is given up. */
const PING_EVERY_MS = 1000
const SILENCE_MS = 5000
const RECONNECT_MS = { first: 50, max: 1000 }

/** A client with these scripts, and what to know of its connection. */
export function connectRedis<S extends RedisScripts>(options: RedisOptions, scripts: S) {
  const { host, port, user, password, tls, logger } = options
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
    scripts,
  })
  let lastError = 'it was not reached yet'
  client.on('error', (error: unknown) => {
    lastError = describe(error)
    logger.debug({ store: name, why: lastError }, 'the store of the gateways is not reached')
  })
  // Ends when the client is closed; until then the client tries on.
  void client.connect().catch(() => {})
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
    client,
    /** @throws VectronError UNAVAILABLE while there is no connection. */
    checkReady(): void {
      if (!client.isReady) throw new VectronError('UNAVAILABLE', lastError, { subject: name })
    },
    /** Settles when it answers. */
    async check(): Promise<void> {
      if (!client.isReady) await connected()
      await client.ping()
    },
  }
}

/** Several addresses of one name fail together, in an error without words of its own. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ')
  return error instanceof Error ? error.message : String(error)
}
