/**
 * Addresses as settings write them: `host:port`, and `member@host:grpcPort/raftPort` of placement.
 */
import { BlockList, isIPv6 } from 'node:net'
import { VectronError } from '@vectron/base'
import type { PlacementMember } from '@vectron/placement-service'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Where a part listens, and what others are told. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** `host:port` for others; empty: host and port as they are. */
  readonly advertise: string
  /** Which setting says that; for messages. */
  readonly setting: string
}

export const ADDRESS_PATTERN = /^(\[[0-9a-fA-F:]+\]|[^\s:/@[\]]+):(\d{1,5})$/
export const MEMBER_PATTERN = /^([1-5])@(\[[0-9a-fA-F:]+\]|[^\s:/@[\]]+):(\d{1,5})\/(\d{1,5})$/

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

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
export function advertised(endpoint: Endpoint, port: number): string {
  const { host, advertise, setting } = endpoint
  if (advertise !== '') return advertise
  if (host === '0.0.0.0' || host === '::') {
    throw new VectronError(
      'INVALID_ARGUMENT',
      `It listens on ${host}, which others cannot reach: ${setting} must say where they can, as ` +
        'host:port of this machine.',
      { field: setting },
    )
  }
  return formatAddress({ host, port })
}

/** Whether an address of this host is reached from this machine alone. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return bare === 'localhost' || LOOPBACK.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4')
}
