/**
 * How the processes of a cluster know each other: by certificates of the cluster's authority or,
 * between processes of one machine, by a secret that they share.
 *
 * Must stay true: an address that other machines reach is never served without certificates, and
 * the secret never leaves the machine.
 */
import { isSameSecret, type NodeRole, rolesOf, VectronError } from '@vectron/base'
import type { TlsFiles } from '@vectron/raft'
import type { GrpcChannelOptions, Interceptor } from '@vectron/rpc'
import { isLoopback, parseAddress } from './address.ts'
import { openClusterSecret } from './cluster-secret.ts'
import { type NodeTls, openNodeTls } from './node-tls.ts'
import type { Surroundings } from './surroundings.ts'

export type Trust =
  | { readonly kind: 'certificates'; readonly tls: NodeTls }
  | { readonly kind: 'secret'; readonly secret: string }

/** What decides how a process is known, and knows others. */
export interface TrustPlan {
  /** What this process is. */
  readonly role: NodeRole
  readonly tls: TlsFiles
  readonly trust: { readonly secretFile: string }
  /** Hosts on which it listens for other processes, by their settings. */
  readonly listens: Readonly<Record<string, string>>
  /** Addresses that it calls, by their settings. */
  readonly dials: Readonly<Record<string, readonly string[]>>
}

const SECRET_HEADER = 'x-vectron-secret'

/** @throws VectronError INVALID_ARGUMENT naming the setting at fault, and what to do */
export async function openTrust(
  plan: TrustPlan,
  around: Pick<Surroundings, 'clock' | 'logger' | 'closers' | 'metrics'>,
): Promise<Trust> {
  const tls = await openNodeTls(plan.tls, plan.role, around)
  if (tls !== undefined) return { kind: 'certificates', tls }
  checkOnlyThisMachine(plan)
  return { kind: 'secret', secret: openClusterSecret(plan.trust.secretFile) }
}

/** Lets in only processes of the cluster that are one of `callers`. */
export function trustedCallers(trust: Trust, callers: readonly NodeRole[]): Interceptor {
  switch (trust.kind) {
    case 'certificates':
      return async ({ peerNames }, next) => {
        const roles = rolesOf(peerNames)
        if (!roles.some((role) => callers.includes(role))) {
          throw untrusted(
            `The certificate is for ${peerNames.join(', ') || 'nobody'}; this is for ` +
              `${callers.map((role) => `node-${role}`).join(', ')}.`,
          )
        }
        await next()
      }
    case 'secret':
      return async (call, next) => {
        if (!isSameSecret(call.header(SECRET_HEADER) ?? '', trust.secret)) {
          throw untrusted('The caller does not know the secret of the cluster.')
        }
        await next()
      }
  }
}

/** How this process shows itself to a server, and what that must be. */
export function channelOptions(
  trust: Trust,
  server: { readonly address: string; readonly role: NodeRole },
): GrpcChannelOptions {
  switch (trust.kind) {
    case 'certificates':
      return { tls: trust.tls.grpc, serverRole: server.role }
    case 'secret':
      if (!isLoopback(parseAddress(server.address).host)) throw leavesMachine(server.address)
      return { headers: { [SECRET_HEADER]: trust.secret } }
  }
}

function checkOnlyThisMachine({ role, listens, dials }: TrustPlan): void {
  for (const [setting, host] of Object.entries(listens)) {
    if (isLoopback(host)) continue
    throw new VectronError(
      'INVALID_ARGUMENT',
      `${setting} is "${host}", which other machines reach, and without certificates anybody ` +
        `there would be let in. ${adviceFor(role)}, or listen on 127.0.0.1.`,
      { field: setting },
    )
  }
  for (const [setting, addresses] of Object.entries(dials)) {
    const remote = addresses.find((address) => !isLoopback(parseAddress(address).host))
    if (remote === undefined) continue
    throw new VectronError(
      'INVALID_ARGUMENT',
      `${setting} names ${remote}, which is another machine. ${adviceFor(role)}.`,
      { field: setting },
    )
  }
}

function adviceFor(role: NodeRole): string {
  return (
    'Set tls.cert, tls.key and tls.ca; "vectron cert ca" and ' +
    `"vectron cert issue ${role} NAME" make the files`
  )
}

function untrusted(message: string): VectronError {
  return new VectronError('UNTRUSTED_PROCESS', message)
}

function leavesMachine(address: string): VectronError {
  return untrusted(
    `${address} is another machine, and the secret of the cluster stays on this one: it needs tls.`,
  )
}
