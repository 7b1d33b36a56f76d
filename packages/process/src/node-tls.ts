/**
 * The certificate of a node, for all that it says to other processes: Raft, snapshots and gRPC.
 *
 * The files are read again now and then, so that they can be replaced without a restart.
 */
import { systemDisk, VectronError } from '@vectron/base'
import { PEER_LIMITS, PeerCredentials, type TlsFiles } from '@vectron/raft'
import type { GrpcTls } from '@vectron/rpc'
import type { Surroundings } from './surroundings.ts'

export interface NodeTls {
  readonly files: TlsFiles
  readonly grpc: GrpcTls
}

/**
 * undefined when no TLS is set.
 *
 * @throws VectronError INVALID_ARGUMENT naming what is missing, or the file that cannot be used
 */
export async function openNodeTls(
  files: TlsFiles,
  { clock, logger, closers }: Pick<Surroundings, 'clock' | 'logger' | 'closers'>,
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
  const listeners: (() => void)[] = []
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
  return {
    files,
    grpc: {
      get pem() {
        return credentials.pem
      },
      onChanged: (listener) => listeners.push(listener),
    },
  }
}
