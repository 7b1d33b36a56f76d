/** The Raft side of a process: where it listens for its peers, and how it finds them. */
import { PEER_LIMITS, PeerTransport, type PeerTransportOptions } from '@vectron/raft'
import { advertised, type Endpoint } from './address.ts'
import { listening } from './listen.ts'
import type { Surroundings } from './surroundings.ts'
import type { Trust } from './trust.ts'

export interface PeerEndpointOptions
  extends Pick<PeerTransportOptions, 'identity' | 'role' | 'addressOf'> {
  readonly listen: Endpoint
  /** Of snapshots, to all peers together. */
  readonly snapshotMibPerSecond: number
  readonly trust: Trust
}

const MIB = 1024 ** 2

/** Listens; closing is the host's that is opened on it. */
export async function openPeerTransport(
  options: PeerEndpointOptions,
  around: Surroundings,
): Promise<PeerTransport> {
  const { listen, snapshotMibPerSecond, trust, ...rest } = options
  const { host, port } = listen
  const { clock, random, logger, metrics, closers } = around
  const transport = await listening({ setting: 'raft.port', host, port }, () =>
    PeerTransport.open({
      ...rest,
      listen: { host, port },
      // A port that the system chooses is known only later; peers learn it from the hello.
      ...(port === 0 ? {} : { advertise: advertised(listen, port) }),
      ...(trust.kind === 'certificates' ? { tls: trust.tls.files } : { secret: trust.secret }),
      limits: { ...PEER_LIMITS, snapshotBytesPerSecond: snapshotMibPerSecond * MIB },
      clock,
      random,
      logger: logger.child({ part: 'peers' }),
      metrics,
    }),
  )
  // Not every way to a host that owns it succeeds; closing twice is nothing.
  closers.add(() => transport.close())
  return transport
}
