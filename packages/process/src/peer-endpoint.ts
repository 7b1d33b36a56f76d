/** The Raft side of a process: where it listens for its peers, and how it finds them. */
import { VectronError } from '@vectron/base'
import { PEER_LIMITS, PeerTransport, type PeerTransportOptions, type TlsFiles } from '@vectron/raft'
import { advertised, type Endpoint } from './address.ts'
import { listening } from './listen.ts'
import type { Surroundings } from './surroundings.ts'

export interface PeerEndpointOptions
  extends Pick<PeerTransportOptions, 'identity' | 'role' | 'addressOf'> {
  readonly listen: Endpoint
  readonly config: RaftConfig
}

/** What both sections `raft` say beside addresses. */
export interface RaftConfig {
  readonly snapshotMibPerSecond: number
  readonly tlsCert: string
  readonly tlsKey: string
  readonly tlsCa: string
}

const MIB = 1024 ** 2

/** Listens; closing is the host's that is opened on it. */
export async function openPeerTransport(
  options: PeerEndpointOptions,
  around: Surroundings,
): Promise<PeerTransport> {
  const { listen, config, ...rest } = options
  const { host, port } = listen
  const tls = tlsFilesOf(config)
  const { clock, random, logger, closers } = around
  const transport = await listening({ setting: 'raft.port', host, port }, () =>
    PeerTransport.open({
      ...rest,
      listen: { host, port },
      // A port that the system chooses is known only later; peers learn it from the hello.
      ...(tls === undefined ? {} : { tls }),
      limits: { ...PEER_LIMITS, snapshotBytesPerSecond: config.snapshotMibPerSecond * MIB },
      ...(port === 0 ? {} : { advertise: advertised(listen, port) }),
      clock,
      random,
      logger: logger.child({ part: 'peers' }),
    }),
  )
  // Not every way to a host that owns it succeeds; closing twice is nothing.
  closers.add(() => transport.close())
  return transport
}

/**
 * Undefined when no TLS is configured.
 *
 * @throws VectronError INVALID_ARGUMENT when one of the three files is missing
 */
export function tlsFilesOf(config: Omit<RaftConfig, 'snapshotMibPerSecond'>): TlsFiles | undefined {
  const { tlsCert, tlsKey, tlsCa } = config
  const missing = Object.entries({ tlsCert, tlsKey, tlsCa }).filter(([, file]) => file === '')
  if (missing.length === 3) return undefined
  const names = missing.map(([name]) => `raft.${name}`).join(' and ')
  if (names === '') return { cert: tlsCert, key: tlsKey, ca: tlsCa }
  throw new VectronError('INVALID_ARGUMENT', `TLS between peers also needs ${names}.`, {
    field: names,
  })
}
