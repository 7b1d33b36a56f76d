/**
 * The certificate of a node, for all that it says to other processes: Raft, snapshots and gRPC.
 *
 * The files are read again now and then, so that they can be replaced without a restart.
 */
import { X509Certificate } from 'node:crypto'
import {
  type NodeRole,
  nodeName,
  parseAltNames,
  rolesOf,
  systemDisk,
  VectronError,
} from '@vectron/base'
import { PEER_LIMITS, PeerCredentials, type TlsFiles } from '@vectron/raft'
import type { GrpcTls } from '@vectron/rpc'
import type { Surroundings } from './surroundings.ts'

export interface NodeTls {
  readonly files: TlsFiles
  readonly grpc: GrpcTls
  /** Reads the files again, which otherwise happens now and then. */
  reload(): Promise<void>
}

/**
 * undefined when no TLS is set.
 *
 * @throws VectronError INVALID_ARGUMENT naming what is missing, or the file that cannot be used
 */
export async function openNodeTls(
  files: TlsFiles,
  role: NodeRole,
  around: Pick<Surroundings, 'clock' | 'logger' | 'closers' | 'metrics'>,
): Promise<NodeTls | undefined> {
  const { cert, key, ca } = files
  if (cert === '' && key === '' && ca === '') return undefined
  const missing = Object.entries({ cert, key, ca }).find(([, file]) => file === '')
  if (missing !== undefined) {
    throw new VectronError(
      'INVALID_ARGUMENT',
      `tls.${missing[0]} is empty: TLS needs tls.cert, tls.key and tls.ca.`,
      { field: `tls.${missing[0]}` },
    )
  }
  const { clock, logger, closers, metrics } = around
  const expiry = metrics.gauge({
    name: 'certificate_expiry_seconds',
    help: 'When the certificate of this node ends, in seconds since 1970.',
  })
  const listeners = [() => expiry.set({}, endMs(credentials.pem.cert) / 1000)]
  const credentials = await PeerCredentials.open({
    files,
    disk: systemDisk,
    clock,
    logger,
    lookEveryMs: PEER_LIMITS.credentialsLookMs,
    onChanged: () => {
      for (const listener of listeners) listener()
    },
  })
  closers.add(() => credentials.close())
  checkOwnCertificate(credentials.pem.cert, { file: cert, role, nowMs: clock.nowMs() })
  for (const listener of listeners) listener()
  return {
    files,
    grpc: {
      get pem() {
        return credentials.pem
      },
      onChanged: (listener) => listeners.push(listener),
    },
    reload: () => credentials.reload(),
  }
}

/** Told here, where it can be corrected, and not by everybody who refuses this node. */
function checkOwnCertificate(
  pem: string,
  { file, role, nowMs }: { readonly file: string; readonly role: NodeRole; readonly nowMs: number },
): void {
  const names = parseAltNames(new X509Certificate(pem).subjectAltName)
  if (!rolesOf(names).includes(role)) {
    throw new VectronError(
      'INVALID_ARGUMENT',
      `${file} is for ${names.join(', ') || 'nobody'}, not for ${nodeName(role)}. Make one: ` +
        `vectron cert issue ${role} NAME`,
      { field: 'tls.cert' },
    )
  }
  if (endMs(pem) > nowMs) return
  throw new VectronError(
    'INVALID_ARGUMENT',
    `${file} ended on ${new Date(endMs(pem)).toISOString()}. Renew it: vectron cert renew ${file}`,
    { field: 'tls.cert' },
  )
}

function endMs(pem: string): number {
  return Date.parse(new X509Certificate(pem).validTo)
}
