/** The Raft side of a process: where it listens for its peers, and how it finds them. */
import { PeerTransport, type PeerTransportOptions } from '@vectron/raft'
import { advertised, type Endpoint } from './address.ts'
import { listening } from './listen.ts'
import type { Surroundings } from './surroundings.ts'

export interface PeerEndpointOptions
  extends Pick<PeerTransportOptions, 'identity' | 'role' | 'addressOf'> {
  readonly listen: Endpoint
}

/** Listens; closing is the host's that is opened on it. */
export async function openPeerTransport(
  options: PeerEndpointOptions,
  around: Surroundings,
): Promise<PeerTransport> {
  const { listen, ...rest } = options
  const { host, port } = listen
  const { clock, random, logger, closers } = around
  const transport = await listening({ setting: 'raft.port', host, port }, () =>
    PeerTransport.open({
      ...rest,
      listen: { host, port },
      // A port that the system chooses is known only later; peers learn it from the hello.
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
