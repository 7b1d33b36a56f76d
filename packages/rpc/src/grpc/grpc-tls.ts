/**
 * Mutual TLS between the processes of a cluster: both sides show a certificate that the cluster's
 * authority signed.
 *
 * Names in certificates are not compared with hosts: whoever has a certificate of the authority is
 * a node of the cluster, wherever it runs.
 */
import type { SecureClientSessionOptions, SecureServerOptions } from 'node:http2'

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

export function clientTls({ pem }: GrpcTls): SecureClientSessionOptions {
  return {
    ...pem,
    minVersion: MIN_VERSION,
    rejectUnauthorized: true,
    checkServerIdentity: () => undefined,
  }
}
