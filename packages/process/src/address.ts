/**
 * Addresses as settings write them: `host:port`, and `member@host:grpcPort/raftPort` of placement.
 */
import { VectronError } from '@vectron/base'

export interface Address {
  readonly host: string
  readonly port: number
}

/** One member of placement: where it answers calls, and where the other members reach it. */
export interface PlacementMember {
  readonly memberId: bigint
  /** `host:port` of gRPC. */
  readonly address: string
  /** `host:port` of Raft. */
  readonly raftAddress: string
}

/** Where a part listens, and what others are told. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** `host:port` for others; empty: host and port as they are. */
  readonly advertise: string
}

export const ADDRESS_PATTERN = /^(\[[0-9a-fA-F:]+\]|[^\s:/@[\]]+):(\d{1,5})$/
export const MEMBER_PATTERN = /^([1-5])@(\[[0-9a-fA-F:]+\]|[^\s:/@[\]]+):(\d{1,5})\/(\d{1,5})$/

/** `[::1]:6200` has the host `::1`. */
export function parseAddress(text: string): Address {
  const match = ADDRESS_PATTERN.exec(text)
  if (match === null) throw new VectronError('INVALID_ARGUMENT', `"${text}" is not host:port.`)
  const [, host = '', port = ''] = match
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** `1@10.0.0.1:6190/6191`: member id, host, port of gRPC and port of Raft. */
export function parseMember(text: string): PlacementMember {
  const match = MEMBER_PATTERN.exec(text)
  if (match === null) {
    throw new VectronError('INVALID_ARGUMENT', `"${text}" is not member@host:grpcPort/raftPort.`)
  }
  const [, id = '', host = '', grpcPort = '', raftPort = ''] = match
  return {
    memberId: BigInt(id),
    address: `${host}:${grpcPort}`,
    raftAddress: `${host}:${raftPort}`,
  }
}

/**
 * What others are told of an endpoint whose real port is known.
 *
 * @throws VectronError INVALID_ARGUMENT naming the setting when it listens on every address and
 *   tells none
 */
export function advertised(section: string, endpoint: Endpoint, port: number): string {
  if (endpoint.advertise !== '') return endpoint.advertise
  if (endpoint.host === '0.0.0.0' || endpoint.host === '::') {
    throw new VectronError(
      'INVALID_ARGUMENT',
      `${section}.advertise is empty, but ${section}.host is ${endpoint.host}: others cannot reach ` +
        'that. Set it to host:port of this machine.',
      { field: `${section}.advertise` },
    )
  }
  return formatAddress({ host: endpoint.host, port })
}
