/**
 * Binds a TLS certificate to a node: the chain ends at the cluster's authority (checked by TLS),
 * and the certificate is for the node that speaks, or for all nodes of its role.
 */
import type { X509Certificate } from 'node:crypto'
import { isNamed, nodeName, parseAltNames } from '@vectron/base'

/** The node that speaks, by its hello. */
export interface Speaker {
  readonly role: string
  readonly nodeId: bigint
}

/** Why the certificate does not prove to be this node's; undefined when it does. */
export function refuseCertificate(
  certificate: X509Certificate | undefined,
  { role, nodeId }: Speaker,
): string | undefined {
  if (certificate === undefined) return 'it shows no certificate'
  const names = parseAltNames(certificate.subjectAltName)
  if (isNamed(names, role, nodeId)) return undefined
  const shown = names.join(', ') || 'nobody'
  return `its certificate is for ${shown}, not for ${nodeName(role, nodeId)}`
}
