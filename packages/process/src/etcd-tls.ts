/** TLS to etcd: its authority, and the certificate to show to it, as the settings name them. */
import { readFileSync } from 'node:fs'
import { VectronError } from '@vectron/base'
import type { HostTls } from '@vectron/rpc'
import type { IdentityConfig } from './parts.ts'

/**
 * Undefined without TLS. The files are read for each connection, so that they may be replaced.
 *
 * @throws VectronError INVALID_ARGUMENT naming the setting
 */
export function etcdTls({ store }: Pick<IdentityConfig, 'store'>): (() => HostTls) | undefined {
  const { etcdTls: isOn, etcdCa, etcdCert, etcdKey } = store
  if (isOn === 'off') {
    refuseUnused({ etcdCa, etcdCert, etcdKey })
    return undefined
  }
  if ((etcdCert === '') !== (etcdKey === '')) {
    const field = etcdCert === '' ? 'store.etcdCert' : 'store.etcdKey'
    const message = 'store.etcdCert and store.etcdKey belong together: set both, or neither.'
    throw new VectronError('INVALID_ARGUMENT', message, { field })
  }
  const read = (): HostTls => ({
    ...(etcdCa === '' ? {} : { ca: readPem('store.etcdCa', etcdCa) }),
    ...(etcdCert === '' ? {} : { cert: readPem('store.etcdCert', etcdCert) }),
    ...(etcdKey === '' ? {} : { key: readPem('store.etcdKey', etcdKey) }),
  })
  // What is missing is said at the start.
  read()
  return read
}

function refuseUnused(files: Readonly<Record<string, string>>): void {
  for (const [name, file] of Object.entries(files)) {
    if (file === '') continue
    const field = `store.${name}`
    const message = `${field} has no effect without store.etcdTls = "on".`
    throw new VectronError('INVALID_ARGUMENT', message, { field })
  }
}

function readPem(field: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const message = `${field}: ${file} cannot be read.`
    throw new VectronError('INVALID_ARGUMENT', message, { field, cause })
  }
}
