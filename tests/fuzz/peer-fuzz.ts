/**
 * Sends garbage, lying lengths and hellos of strangers to the port where a node of Raft listens for
 * its peers. Each connection must be ended by the node: it speaks with its peers alone.
 */
import { connect } from 'node:net'
import { create, toBinary } from '@bufbuild/protobuf'
import { type Random, seededRandom } from '@vectron/base'
import { raft } from '@vectron/contracts'
import type { FuzzOutcome } from './fuzzers.ts'
import { MessageDraw } from './random-message.ts'

const CONCURRENCY = 8
/** Milliseconds after which a connection that is still open is a finding. */
const PATIENCE_MS = 60_000

export interface PeerFuzzOptions {
  readonly port: number
  readonly seed: number
  readonly connections: number
}

export async function fuzzPeers(options: PeerFuzzOptions): Promise<FuzzOutcome> {
  const { port, seed, connections } = options
  const findings: string[] = []
  let number = 0
  const work = async () => {
    while (number < connections && findings.length === 0) {
      const random = seededRandom(BigInt(seed) * 1_000_003n + BigInt(number++))
      const bytes = drawBytes(random)
      if (await isEnded(port, bytes)) continue
      findings.push(`port ${port} of Raft stays open after ${bytes.toString('hex').slice(0, 400)}`)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  return { requests: number, findings: findings.join('\n') }
}

function isEnded(port: number, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    const timer = setTimeout(() => {
      socket.destroy()
      resolve(false)
    }, PATIENCE_MS)
    socket.on('data', () => undefined)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}

function drawBytes(random: Random): Buffer {
  const draw = new MessageDraw(random, {})
  switch (random.nextBelow(6)) {
    case 0:
      return randomBytes(random)
    case 1:
      return framed(randomBytes(random))
    case 2:
      return framed(Buffer.from(draw.message(raft.PeerFrameSchema)))
    case 3:
      // Says 4 GiB, or a part of it.
      return Buffer.concat([lengthOf(2 ** 32 - 1 - random.nextBelow(2 ** 31)), randomBytes(random)])
    case 4:
      return Buffer.concat([framed(strangersHello(random)), framed(randomBytes(random))])
    default:
      return framed(Buffer.alloc(0))
  }
}

/** Right in form, of a cluster and a node that nobody knows. */
function strangersHello(random: Random): Buffer {
  const hello = create(raft.PeerHelloSchema, {
    protocol: 1,
    clusterId: 'ffffffffffffffffffffffffffffffff',
    nodeId: BigInt(1 + random.nextBelow(9)),
    bootEpoch: BigInt(random.nextBelow(1000)),
    role: random.nextBelow(2) === 0 ? 'worker' : 'placement',
  })
  const frame = create(raft.PeerFrameSchema, { frame: { case: 'hello', value: hello } })
  return Buffer.from(toBinary(raft.PeerFrameSchema, frame))
}

function framed(payload: Buffer): Buffer {
  return Buffer.concat([lengthOf(payload.length), payload])
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes)
  return length
}

function randomBytes(random: Random): Buffer {
  return Buffer.from(Array.from({ length: 1 + random.nextBelow(600) }, () => random.nextBelow(256)))
}
