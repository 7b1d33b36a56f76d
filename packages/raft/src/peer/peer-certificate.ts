/**
 * Binds a TLS certificate to a node: the chain ends at the cluster's authority (checked by TLS),
 * and a subject alternative name, DNS or URI, is `node-<role>-<id>`.
 *
 * Reads the names as Node's X509Certificate prints them: `DNS:a, URI:b`, a name with a comma or a
 * quote in it as a JSON string. So a name cannot pretend to be two.
 */
import type { X509Certificate } from 'node:crypto'

const NAME = /(?:^|, )([^:,]+):("(?:[^"\\]|\\.)*"|[^",]*)(?=, |$)/g

/** The name that a node's certificate must hold. */
export function certificateName(role: string, nodeId: bigint): string {
  return `node-${role}-${nodeId}`
}

/** Why the certificate does not prove to be this node's; undefined when it does. */
export function refuseCertificate(
  certificate: X509Certificate | undefined,
  name: string,
): string | undefined {
  if (certificate === undefined) return 'it shows no certificate'
  const names = parseNames(certificate.subjectAltName ?? '')
  if (names.includes(`DNS:${name}`) || names.includes(`URI:${name}`)) return undefined
  return `its certificate is for ${names.join(', ') || 'nobody'}, not for ${name}`
}

function parseNames(text: string): string[] {
  return [...text.matchAll(NAME)].map(([, kind, name]) => `${kind}:${name}`)
}
