/** Memory of other processes, as Linux tells it. */
import { readFileSync } from 'node:fs'

/** Resident bytes of a process that lives; throws when it has ended. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kib === undefined) throw new Error(`process ${pid} has ended`)
  return Number(kib) * 1024
}
