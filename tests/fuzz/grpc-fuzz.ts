/**
 * Sends random bytes, random messages, and frames that lie to every method of some services.
 *
 * A call must end with a status that says what the caller did wrong, or went well: INTERNAL,
 * UNKNOWN and DATA_LOSS are findings, and so is a call that never ends. The same seed sends the
 * same calls.
 */
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2'
import { deflateSync, gzipSync } from 'node:zlib'
import type { DescMethod, DescService } from '@bufbuild/protobuf'
import { GRPC_CODES, type Random, seededRandom } from '@vectron/base'
import type { FuzzOutcome } from './fuzzers.ts'
import { type Known, MessageDraw } from './random-message.ts'

export interface GrpcFuzzOptions {
  /** `host:port` */
  readonly address: string
  readonly services: readonly DescService[]
  /** Sent with most calls: the credential. */
  readonly headers: Readonly<Record<string, string>>
  readonly known: Known
  readonly seed: number
  readonly calls: number
}

const CONCURRENCY = 8
/** Milliseconds after which a call that has not ended is a finding. */
const PATIENCE_MS = 30_000
const FORBIDDEN: readonly number[] = [GRPC_CODES.INTERNAL, GRPC_CODES.UNKNOWN, GRPC_CODES.DATA_LOSS]
const U32_MAX = 2 ** 32 - 1

interface DrawnCall {
  readonly number: number
  readonly method: DescMethod
  readonly kind: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Leaves in the middle of the body instead of ending it. */
  readonly leaves: boolean
}

export async function fuzzGrpc(options: GrpcFuzzOptions): Promise<FuzzOutcome> {
  const draw = new CallDraw(options)
  const findings: string[] = []
  const session = new Session(options.address)
  let number = 0
  const work = async () => {
    while (number < options.calls && findings.length === 0) {
      const call = draw.call(number++)
      const wrong = await send(session.open(), call)
      if (wrong === undefined) continue
      const { method, kind, body } = call
      const what = `${method.parent.typeName}/${method.name}, ${kind}, call ${call.number}`
      findings.push(`${what}: ${wrong}; body ${body.subarray(0, 400).toString('hex')}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, work))
  } finally {
    session.close()
  }
  return { requests: number, findings: findings.join('\n') }
}

/** One connection, made anew when the server has ended it. */
class Session {
  readonly #address: string
  #session: ClientHttp2Session | undefined

  constructor(address: string) {
    this.#address = address
  }

  open(): ClientHttp2Session {
    const known = this.#session
    if (known !== undefined && !known.closed && !known.destroyed) return known
    const session = connect(`http://${this.#address}`)
    session.on('error', () => undefined)
    this.#session = session
    return session
  }

  close(): void {
    this.#session?.destroy()
  }
}

/** What was wrong with the end of the call, if anything. */
function send(session: ClientHttp2Session, call: DrawnCall): Promise<string | undefined> {
  const path = `/${call.method.parent.typeName}/${call.method.name}`
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    te: 'trailers',
    ...call.headers,
  })
  return new Promise((resolve) => {
    let heard: IncomingHttpHeaders = {}
    const timer = setTimeout(() => {
      stream.close(constants.NGHTTP2_CANCEL)
      resolve(`no end within ${PATIENCE_MS / 1000} s`)
    }, PATIENCE_MS)
    const hear = (headers: IncomingHttpHeaders) => {
      heard = { ...heard, ...headers }
    }
    stream.on('response', hear).on('trailers', hear)
    stream.on('error', () => undefined)
    stream.on('close', () => {
      clearTimeout(timer)
      resolve(judge(heard, call, session.destroyed))
    })
    stream.resume()
    if (call.leaves) {
      stream.write(call.body, () => stream.close(constants.NGHTTP2_CANCEL))
    } else {
      stream.end(call.body)
    }
  })
}

function judge(
  heard: IncomingHttpHeaders,
  { leaves }: DrawnCall,
  sessionEnded: boolean,
): string | undefined {
  const status = heard['grpc-status']
  if (status === undefined) {
    if (leaves || Number(heard[':status']) === 415) return undefined
    return sessionEnded ? 'the connection was lost' : `no grpc-status; HTTP ${heard[':status']}`
  }
  if (!FORBIDDEN.includes(Number(status))) return undefined
  return `grpc-status ${status}: ${decodeURIComponent(String(heard['grpc-message']))}`
}

/** Draws calls; what each is follows from the seed and its number alone. */
class CallDraw {
  readonly #methods: readonly DescMethod[]
  readonly #options: GrpcFuzzOptions

  constructor(options: GrpcFuzzOptions) {
    this.#methods = options.services.flatMap((service) => service.methods)
    this.#options = options
  }

  call(number: number): DrawnCall {
    const { seed, headers, known } = this.#options
    const random = seededRandom(BigInt(seed) * 1_000_003n + BigInt(number))
    const draw = new MessageDraw(random, known)
    const method = draw.one(this.#methods)
    const kind = draw.one(Object.keys(BODIES)) as keyof typeof BODIES
    const { body, encoding }: DrawnBody = BODIES[kind](random, () =>
      Buffer.from(draw.message(method.input)),
    )
    return {
      number,
      method,
      kind,
      body,
      leaves: random.nextBelow(30) === 0,
      headers: {
        'content-type': random.nextBelow(40) === 0 ? draw.one(CONTENT_TYPES) : 'application/grpc',
        'grpc-timeout': draw.one(['1S', '500m', '1n', '2S', '3S']),
        ...(random.nextBelow(20) === 0 ? {} : headers),
        ...(encoding === undefined ? {} : { 'grpc-encoding': encoding }),
      },
    }
  }
}

const CONTENT_TYPES = [
  'application/json',
  'text/html',
  'application/grpc+json',
  'application/grpc-web',
]

interface DrawnBody {
  readonly body: Buffer
  readonly encoding?: string
}

type BodyDraw = (random: Random, message: () => Buffer) => DrawnBody

const BODIES = {
  'a message': (_, message) => ({ body: framed(message()) }),
  'a damaged message': (random, message) => ({ body: framed(damaged(random, message())) }),
  'random bytes': (random) => ({ body: framed(randomBytes(random)) }),
  'no frame at all': (random) => ({ body: randomBytes(random) }),
  nothing: () => ({ body: Buffer.alloc(0) }),
  'a length that is too long': (random, message) => {
    const bytes = message()
    return { body: framed(bytes, { length: bytes.length + 1 + random.nextBelow(1000) }) }
  },
  'a length that is too short': (random, message) => {
    const bytes = message()
    return { body: framed(bytes, { length: random.nextBelow(bytes.length + 1) }) }
  },
  'a length of 4 GiB': (_, message) => ({ body: framed(message(), { length: U32_MAX }) }),
  'two messages': (_, message) => ({ body: Buffer.concat([framed(message()), framed(message())]) }),
  'unknown flags': (random, message) => ({
    body: framed(message(), { flags: 2 + random.nextBelow(254) }),
  }),
  'a compressed message': (_, message) => ({
    body: framed(gzipSync(message()), { flags: 1 }),
    encoding: 'gzip',
  }),
  'rubbish that says it is compressed': (random) => ({
    body: framed(randomBytes(random), { flags: 1 }),
    encoding: ['gzip', 'deflate', 'identity', 'br', 'zip'][random.nextBelow(5)] as string,
  }),
  'a compressed message cut short': (random, message) => {
    const bytes = deflateSync(message())
    return {
      body: framed(bytes.subarray(0, random.nextBelow(bytes.length)), { flags: 1 }),
      encoding: 'deflate',
    }
  },
} satisfies Record<string, BodyDraw>

function framed(
  bytes: Buffer,
  { flags = 0, length = bytes.length }: { flags?: number; length?: number } = {},
): Buffer {
  const head = Buffer.alloc(5)
  head[0] = flags
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, bytes])
}

function randomBytes(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random.nextBelow(600) }, () => random.nextBelow(256)))
}

function damaged(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes.subarray(0, 1 + random.nextBelow(bytes.length + 1)))
  for (let hits = random.nextBelow(6); hits > 0 && copy.length > 0; hits--) {
    copy[random.nextBelow(copy.length)] = random.nextBelow(256)
  }
  return copy
}
