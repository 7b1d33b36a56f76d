/** Checks of this machine: each measures one thing and says what to do when it is not good. */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { availableParallelism, freemem, totalmem } from 'node:os'
import path from 'node:path'

export interface Finding {
  readonly check: string
  readonly status: 'ok' | 'warning' | 'failed'
  readonly found: string
  /** What to change; absent when all is well. */
  readonly advice?: string
}

const GIB = 2 ** 30
const NODE_MAJOR_MIN = 24
const MEMORY_FREE_MIN = 1 * GIB
const DISK_FREE_MIN = 2 * GIB
/** Sockets, one store, one vector file and a few more for each shard. */
const OPEN_FILES_MIN = 4096
const FSYNC_TRIALS_MS = 300
const FSYNC_BYTES = 4096
/** Below this, every acknowledged write waits noticeably long. */
const FSYNCS_PER_SECOND_MIN = 100

export function checkNode(): Finding {
  const found = process.version
  const isNew = Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN
  return isNew
    ? { check: 'node', status: 'ok', found }
    : { check: 'node', status: 'failed', found, advice: `needs ${NODE_MAJOR_MIN} or newer` }
}

/** The widest instructions decide how fast distances are computed. */
export function checkCpu(): Finding {
  const info = readIfPresent('/proc/cpuinfo') ?? ''
  const names = ['avx512_vnni', 'avx2', 'asimd'].filter((flag) => info.includes(flag))
  const found = `${availableParallelism()} cores, ${names.join(' ') || process.arch}`
  return { check: 'cpu', status: 'ok', found }
}

export function checkMemory(): Finding {
  const available = availableMemory()
  const found = `${gibibytes(available)} of ${gibibytes(totalmem())} GiB available`
  if (available >= MEMORY_FREE_MIN) return { check: 'memory', status: 'ok', found }
  const advice = 'a million vectors of 100 dimensions take about 0.3 GiB'
  return { check: 'memory', status: 'warning', found, advice }
}

export function checkOpenFiles(): Finding {
  const limits = readIfPresent('/proc/self/limits') ?? ''
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1]
  const found = soft ?? 'unknown'
  const isEnough = soft === undefined || soft === 'unlimited' || Number(soft) >= OPEN_FILES_MIN
  if (isEnough) return { check: 'open files', status: 'ok', found }
  return { check: 'open files', status: 'warning', found, advice: `ulimit -n ${OPEN_FILES_MIN}` }
}

/** Free room, and how many small writes a second reach stable storage one after the other. */
export function checkDisk(dataFolder: string): Finding {
  const folder = nearestFolder(path.resolve(dataFolder))
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const rate = fsyncRate(folder)
  const found = `${gibibytes(free)} GiB free, ${Math.round(rate)} fsyncs/s in ${folder}`
  if (free < DISK_FREE_MIN) {
    return { check: 'disk', status: 'warning', found, advice: 'make room, or use --data elsewhere' }
  }
  if (rate < FSYNCS_PER_SECOND_MIN) {
    const advice = 'each write waits for one fsync; a local SSD does thousands a second'
    return { check: 'disk', status: 'warning', found, advice }
  }
  return { check: 'disk', status: 'ok', found }
}

export async function checkPort(port: number, flag: string): Promise<Finding> {
  const check = `port ${port}`
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const server = createServer()
    server.once('error', resolve)
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)))
  })
  if (error === undefined) return { check, status: 'ok', found: 'free' }
  const found = error.code ?? error.message
  return { check, status: 'failed', found, advice: `start with another one: ${flag} <port>` }
}

function fsyncRate(folder: string): number {
  const file = path.join(folder, `.vectron-doctor-${process.pid}`)
  const descriptor = openSync(file, 'wx')
  try {
    const bytes = Buffer.alloc(FSYNC_BYTES)
    const startMs = performance.now()
    let count = 0
    while (performance.now() - startMs < FSYNC_TRIALS_MS) {
      writeSync(descriptor, bytes, 0, bytes.length, count * bytes.length)
      fdatasyncSync(descriptor)
      count += 1
    }
    return (1000 * count) / (performance.now() - startMs)
  } finally {
    closeSync(descriptor)
    rmSync(file, { force: true })
  }
}

/** The folder itself or the nearest one above that exists. */
function nearestFolder(folder: string): string {
  return existsSync(folder) ? folder : nearestFolder(path.dirname(folder))
}

/** Free memory and what the system gives back when asked, where it tells that. */
function availableMemory(): number {
  const kibibytes = /^MemAvailable:\s+(\d+) kB/m.exec(readIfPresent('/proc/meminfo') ?? '')?.[1]
  return kibibytes === undefined ? freemem() : 1024 * Number(kibibytes)
}

function gibibytes(bytes: number): string {
  return (bytes / GIB).toFixed(1)
}

function readIfPresent(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
