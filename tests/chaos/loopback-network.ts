/**
 * A network for a run that cannot have namespaces: every node listens on a loopback address of its
 * own and is reached through a proxy on another one, which holds back what a fault wants lost.
 *
 * Who sends is known from the process that owns the connecting socket. TCP sends again what is
 * lost; so to programs a cut looks like bytes that come when it ends, and a lost packet like bytes
 * that come late. That is what the proxy makes of them. Linux only: 127.0.0.0/8 and /proc.
 */
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { sleep, systemClock } from '@vectron/base'
import type { ChaosHost, ChaosNetwork, Cut } from './chaos-network.ts'

/** Milliseconds until TCP sends a lost packet again, at least: RFC 6298's floor as Linux has it. */
const RESEND_MS = 200

/**
 * Nothing outlives the run: the kernel ends a process with the one that started it, and a process
 * whose starter ended before the kernel was told so sees that it has another parent by now.
 */
const WHILE_STARTER_LIVES = ['sh', '-c', '[ "$PPID" = "$0" ] || exit 1; exec "$@"']

export class LoopbackNetwork implements ChaosNetwork {
  /** Runs side by side have networks of their own. */
  readonly #prefix = `127.${10 + (process.pid % 200)}`
  readonly #ports: readonly number[]
  /** Process of each host that has one. */
  readonly #pids = new Map<string, number>()
  #hosts = 0
  #cuts: readonly Cut[] = []
  #lossPercent = 0
  /** Called when a cut may have ended. */
  #waiting: (() => void)[] = []

  /** Nodes are reached on these ports. */
  constructor(ports: readonly number[]) {
    this.#ports = ports
  }

  async addHost(name: string): Promise<ChaosHost> {
    this.#hosts += 1
    const listenAddress = `${this.#prefix}.1.${this.#hosts}`
    const address = `${this.#prefix}.2.${this.#hosts}`
    await Promise.all(
      this.#ports.map(async (port) => {
        const server = createServer({ allowHalfOpen: true }, (caller) => {
          const link = { name, host: listenAddress, port }
          this.#join(caller, link).catch(() => caller.destroy())
        })
        server.unref().listen({ host: address, port })
        await once(server, 'listening')
      }),
    )
    return {
      name,
      address,
      listenAddress,
      commandPrefix: ['setpriv', '--pdeathsig', 'KILL', ...WHILE_STARTER_LIVES, `${process.pid}`],
      onStarted: (pid) => this.#pids.set(name, pid),
    }
  }

  async setCuts(cuts: readonly Cut[]): Promise<void> {
    this.#cuts = cuts
    for (const look of this.#waiting.splice(0)) look()
  }

  async setLoss(percent: number): Promise<void> {
    this.#lossPercent = percent
  }

  async heal(): Promise<void> {
    this.#lossPercent = 0
    await this.setCuts([])
  }

  async #join(caller: Socket, to: { name: string; host: string; port: number }): Promise<void> {
    caller.on('error', () => {})
    const from = this.#ownerOf(caller)
    await this.#untilOpen(from, to.name)
    const callee = connect({ host: to.host, port: to.port, allowHalfOpen: true, noDelay: true })
    caller.setNoDelay(true)
    callee.on('error', () => {})
    try {
      await once(callee, 'connect')
    } catch {
      caller.resetAndDestroy()
      return
    }
    await Promise.all([
      this.#carry(caller, callee, { from, to: to.name }),
      this.#carry(callee, caller, { from: to.name, to: from }),
    ])
  }

  /** One direction of a connection, until it ends. */
  async #carry(source: Socket, sink: Socket, way: { from: string; to: string }): Promise<void> {
    let isWhole = true
    try {
      for await (const chunk of source.iterator({ destroyOnReturn: false })) {
        if (Math.random() * 100 < this.#lossPercent) await sleep(systemClock, RESEND_MS)
        await this.#untilOpen(way.from, way.to)
        if (!sink.write(chunk) && sink.writable) await onceOf(sink, 'drain', 'close')
      }
    } catch {
      isWhole = false
    }
    await this.#untilOpen(way.from, way.to)
    if (isWhole) sink.end()
    else sink.resetAndDestroy()
  }

  async #untilOpen(from: string, to: string): Promise<void> {
    while (this.#cuts.some((cut) => cut.from === from && cut.to === to)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** The host whose process is at the other end; the run itself is on no host. */
  #ownerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
    const inode = inodeOf(remoteAddress, remotePort)
    for (const [name, pid] of this.#pids) if (ownsSocket(pid, inode)) return name
    return ''
  }
}

/** Inode of the socket on this machine whose own address it is: columns of proc_net_tcp(5). */
function inodeOf(address: string, port: number): string {
  const hex = (value: number, digits: number) =>
    value.toString(16).toUpperCase().padStart(digits, '0')
  const reversed = address.split('.').reverse().map(Number)
  const wanted = `${reversed.map((byte) => hex(byte, 2)).join('')}:${hex(port, 4)}`
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (fields[1] === wanted) return fields[9] ?? ''
  }
  return ''
}

function ownsSocket(pid: number, inode: string): boolean {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).some((fd) => linkOf(`${folder}/${fd}`) === `socket:[${inode}]`)
  } catch {
    return false
  }
}

/** A descriptor may be closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function onceOf(socket: Socket, ...events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) socket.off(event, done)
      resolve()
    }
    for (const event of events) socket.on(event, done)
  })
}
