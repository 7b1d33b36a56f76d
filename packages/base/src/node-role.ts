/**
 * Which kind of process a node is, and how its certificate says so.
 *
 * A certificate names a role, `node-worker`, or one node of it, `node-worker-7`, as a subject
 * alternative name (DNS or URI). Names are read as Node prints them: `DNS:a, URI:b`, a name with a
 * comma or a quote in it as a JSON string. So a name cannot pretend to be two.
 */

export const NODE_ROLES = ['placement', 'worker', 'auth', 'gateway', 'reranker'] as const
export type NodeRole = (typeof NODE_ROLES)[number]

const NAME = /(?:^|, )([^:,]+):("(?:[^"\\]|\\.)*"|[^",]*)(?=, |$)/g
const NODE_NAME = /^(?:DNS|URI):node-([a-z]+)(?:-(\d+))?$/

/** The name in the certificate of any node of a role, or of one alone. */
export function nodeName(role: string, id?: bigint): string {
  return id === undefined ? `node-${role}` : `node-${role}-${id}`
}

/** Each with its kind in front: `DNS:node-worker`. */
export function parseAltNames(subjectAltName: string | undefined): string[] {
  return [...(subjectAltName ?? '').matchAll(NAME)].map(([, kind, name]) => `${kind}:${name}`)
}

/** Roles that a certificate with these names proves. */
export function rolesOf(altNames: readonly string[]): NodeRole[] {
  const roles = altNames.map((name) => NODE_NAME.exec(name)?.[1])
  return NODE_ROLES.filter((role) => roles.includes(role))
}

/** Whether a certificate with these names is for this node of the role, or for all of them. */
export function isNamed(altNames: readonly string[], role: string, id: bigint): boolean {
  const wanted = [nodeName(role), nodeName(role, id)]
  return wanted.some((name) => altNames.includes(`DNS:${name}`) || altNames.includes(`URI:${name}`))
}
