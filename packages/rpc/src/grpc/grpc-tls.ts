/**
 * Mutual TLS between the processes of a cluster: both sides show a certificate that the cluster's
 * authority signed.
 *
 * Names in certificates are not compared with hosts: whoever has a certificate of the authority is
 * a node of the cluster, wherever it runs. They tell which kind of node it is.
 */
import type { Http2Session, SecureClientSessionOptions, SecureServerOptions } from 'node:http2'
import type { PeerCertificate, TLSSocket } from 'node:tls'
import { type NodeRole, parseAltNames, rolesOf } from '@vectron/base'

/** Certificate, key and authority as PEM, which may be replaced while connections are open. */
export interface GrpcTls {
  /** What new connections use. */
  readonly pem: { readonly cert: string; readonly key: string; readonly ca: string }
  /** Called when `pem` has been replaced. */
  onChanged(listener: () => void): void
}

const MIN_VERSION = 'TLSv1.3'

export function serverTls({ pem }: GrpcTls): SecureServerOptions {
  return {
    ...pem,
    minVersion: MIN_VERSION,
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: ['h2'],
  }
}

/**
 * A server of another product: known by the host in its certificate, as everywhere. Left out: the
 * authorities of the system, and no certificate of this side.
 */
export type HostTls = Pick<SecureClientSessionOptions, 'ca' | 'cert' | 'key'>

/** @param role what the server must be; undefined: any node */
export function clientTls(
  { pem }: GrpcTls,
  role: NodeRole | undefined,
): SecureClientSessionOptions {
  return {
    ...pem,
    minVersion: MIN_VERSION,
    rejectUnauthorized: true,
    checkServerIdentity: (_host, certificate) => refuseServer(certificate, role),
  }
}

function refuseServer(
  { subjectaltname }: PeerCertificate,
  role: NodeRole | undefined,
): Error | undefined {
  const names = parseAltNames(subjectaltname)
  if (role === undefined || rolesOf(names).includes(role)) return undefined
  return new Error(`its certificate is for ${names.join(', ') || 'nobody'}, not for a ${role}`)
}

const NO_NAMES: readonly string[] = []
/** Reading a certificate takes longer than a small call. */
const namesOfSessions = new WeakMap<Http2Session, readonly string[]>()

/** Names in the certificate of the other side; none without TLS. */
export function peerNamesOf(session: Http2Session | undefined): readonly string[] {
  if (session === undefined || session.destroyed || !session.encrypted) return NO_NAMES
  const known = namesOfSessions.get(session)
  if (known !== undefined) return known
  const { subjectaltname } = (session.socket as TLSSocket).getPeerCertificate()
  const names = parseAltNames(subjectaltname)
  namesOfSessions.set(session, names)
  return names
}
