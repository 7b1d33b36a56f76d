/**
 * Planted bugs that show in a worker's own files.
 */
import type { Disk } from '@vectron/base'
import type { PlantedBug } from './planted-bugs.ts'

/** Where a worker keeps which replicas it ever created. */
const IDENTITY_FILE = 'identity.json'

export function plantInDisk(disk: Disk, planted: PlantedBug | undefined): Disk {
  if (planted !== 'reuse-replica-id') return disk
  const read = async (path: string) => {
    const bytes = await disk.read(path)
    return bytes !== undefined && path.endsWith(IDENTITY_FILE) ? forgetReplicas(bytes) : bytes
  }
  return new Proxy(disk, {
    get: (target, name: keyof Disk) => (name === 'read' ? read : target[name].bind(target)),
  })
}

function forgetReplicas(bytes: Uint8Array): Uint8Array {
  const fields = { ...JSON.parse(Buffer.from(bytes).toString()), replicas: [] }
  return new Uint8Array(Buffer.from(JSON.stringify(fields)))
}
