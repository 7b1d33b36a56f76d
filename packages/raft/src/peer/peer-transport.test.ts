/** Raft messages over real sockets: they arrive, strangers do not, and losses are told. */
import assert from 'node:assert/strict'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { viewOf } from '@vectron/base'
import { raft } from '@vectron/contracts'
import {
  type Directory,
  GROUP,
  PeerNode,
  type PeerNodeOptions,
  replicaOn,
  TEST_LIMITS,
} from '../testing/peer-node.ts'
import { encodeFrame, encodeHello } from './hello.ts'
import { parseHostPort } from './host-port.ts'
import { PEER_LIMITS } from './peer-limits.ts'
import { RaftFrameEncoder } from './raft-frame.ts'
import { SendQueue } from './send-queue.ts'

async function openPair(
  t: TestContext,
  limits = TEST_LIMITS,
): Promise<[PeerNode, PeerNode, Directory]> {
  const directory: Directory = new Map()
  const one = await PeerNode.open(t, directory, { nodeId: 1n, limits })
  const two = await PeerNode.open(t, directory, { nodeId: 2n, limits })
  one.know(1n, 2n)
  return [one, two, directory]
}

/** A stranger's bare socket to a node. */
async function dial(t: TestContext, node: PeerNode): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: node.transport.port })
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.resume()
  return socket
}

const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve))

const NODE_2 = {
  clusterId: 'test',
  nodeId: 2n,
  bootEpoch: 5n,
  role: 'worker',
  raftAddress: '127.0.0.1:1',
  secret: '',
}

test('Messages arrive in order, and the receiver learns whom to answer.', async (t) => {
  const [one, two] = await openPair(t)
  one.send(2n, 'a', 'b')
  one.send(2n, 'c')
  await two.until(({ received }) => received.length === 3)
  assert.deepEqual(two.received, ['a', 'b', 'c'])
  two.send(1n, 'answer')
  await one.until(({ received }) => received.length === 1)
  assert.deepEqual(one.received, ['answer'])
})

test('What leaves for a peer, and what an ended one loses, is counted.', async (t) => {
  const [one, two] = await openPair(t)
  one.send(2n, 'a', 'b')
  await two.until(({ received }) => received.length === 2)
  const shown = await one.metrics.expose()
  assert.match(shown, /vectron_raft_peer_messages_sent_total{peer="2"} 2/)
  assert.match(shown, /vectron_raft_peer_sent_bytes_total{peer="2"} [1-9]/)
  assert.match(shown, /vectron_raft_peer_connected{peer="2"} 1/)
  two.transport.close()
  await one.until(({ gone }) => gone.length > 0)
  one.send(2n, 'lost')
  const later = await one.metrics.expose()
  assert.match(later, /vectron_raft_peer_connected{peer="2"} 0/)
  assert.match(later, /vectron_raft_peer_connections_lost_total{peer="2"} [1-9]/)
})

test('A long send goes out whole, in several frames, also beyond what the socket takes at once.', async (t) => {
  // A machine that is busy must not pass for a peer that is dead: what is under way then is lost.
  const [one, two] = await openPair(t, PEER_LIMITS)
  const texts = Array.from({ length: 40 }, (_, index) => `${index}`.padEnd(300_000, '.'))
  one.send(2n, ...texts)
  await two.until(({ received }) => received.length === texts.length)
  assert.deepEqual(two.received, texts)
})

test('A peer whose process has ended is reported as gone once nobody listens there.', async (t) => {
  const [one, two] = await openPair(t)
  one.send(2n, 'a')
  await two.until(({ received }) => received.length === 1)
  assert.deepEqual(one.gone, [])
  two.transport.close()
  await one.until(({ unreachable }) => unreachable.includes(replicaOn(2n)))
  await one.until(({ gone }) => gone.includes(replicaOn(2n)))
})

test('A restarted peer is reported as unreachable, found at its new address, and heard again.', async (t) => {
  const [one, two, directory] = await openPair(t)
  one.send(2n, 'a')
  await two.until(({ received }) => received.length === 1)
  two.transport.close()
  await one.until(({ unreachable }) => unreachable.includes(replicaOn(2n)))

  const again = await PeerNode.open(t, directory, { nodeId: 2n, bootEpoch: 2n })
  again.know(1n, 2n)
  again.send(1n, 'back')
  await one.until(({ received }) => received.includes('back'))
  const timer = setInterval(() => one.send(2n, 'b'), 5)
  t.after(() => clearInterval(timer))
  await again.until(({ received }) => received.includes('b'))
})

test('A peer whose directory entry is old is found where it dialled from.', async (t) => {
  const [one, two, directory] = await openPair(t)
  directory.set(2n, '127.0.0.1:1')
  two.know(1n, 2n)
  two.send(1n, 'here I am')
  await one.until(({ received }) => received.length === 1)
  const timer = setInterval(() => one.send(2n, 'found'), 5)
  t.after(() => clearInterval(timer))
  await two.until(({ received }) => received.includes('found'))
})

test('A peer that nobody can reach is reported once, however much is sent.', async (t) => {
  const directory: Directory = new Map()
  const one = await PeerNode.open(t, directory, { nodeId: 1n })
  one.know(1n, 2n)
  one.send(2n, 'a')
  await one.until(({ unreachable }) => unreachable.length > 0)
  for (let round = 0; round < 10; round++) one.send(2n, 'b')
  assert.deepEqual(one.unreachable, [replicaOn(2n)])
  assert.deepEqual(one.log, ['worker 2: connection ended: nobody knows its address'])
})

const REFUSED: readonly { name: string; options: PeerNodeOptions; why: RegExp }[] = [
  {
    name: 'of another cluster',
    options: { nodeId: 2n, clusterId: 'theirs' },
    why: /its hello is refused: it is of the cluster "test", this node of "theirs"/,
  },
  {
    name: 'of another node than is dialled',
    options: { nodeId: 3n },
    why: /its hello is refused: it means worker 2, this node is 3/,
  },
]

for (const { name, options, why } of REFUSED) {
  test(`A connection to a host ${name} is refused, with a line in the log.`, async (t) => {
    const directory: Directory = new Map()
    const one = await PeerNode.open(t, directory, { nodeId: 1n })
    one.know(1n, 2n)
    const stranger = await PeerNode.open(t, directory, options)
    directory.set(2n, stranger.transport.advertisedAddress)
    one.send(2n, 'secret')
    await stranger.until(({ log }) => log.some((line) => why.test(line)))
    await one.until(({ unreachable }) => unreachable.length > 0)
    assert.deepEqual(stranger.received, [])
  })
}

test('An earlier life of a node is refused, and a later one ends its connections.', async (t) => {
  const [one] = await openPair(t)
  const early = await dial(t, one)
  early.write(encodeHello({ ...NODE_2, bootEpoch: 4n }, { stream: 'raft', node: 1n }))
  await new Promise((resolve) => early.once('data', resolve))
  const late = await dial(t, one)
  const earlyEnds = closed(early)
  late.write(encodeHello(NODE_2, { stream: 'raft', node: 1n }))
  await earlyEnds
  const ghost = await dial(t, one)
  ghost.write(encodeHello({ ...NODE_2, bootEpoch: 3n }, { stream: 'raft', node: 1n }))
  await closed(ghost)
  assert.match(one.log.join('\n'), /it is of boot epoch 3, and 5 has been heard of its node/)
})

test('Without the secret of the cluster nobody is let in; with it, as ever.', async (t) => {
  const directory: Directory = new Map()
  const one = await PeerNode.open(t, directory, { nodeId: 1n, secret: 'ours' })
  const two = await PeerNode.open(t, directory, { nodeId: 2n, secret: 'ours' })
  for (const secret of ['', 'our', 'theirs']) {
    const stranger = await dial(t, one)
    stranger.write(encodeHello({ ...NODE_2, nodeId: 9n, secret }, { stream: 'raft', node: 1n }))
    await closed(stranger)
  }
  assert.match(one.log.join('\n'), /it does not know the secret of the cluster/)
  one.know(1n, 2n)
  one.send(2n, 'a')
  await two.until(({ received }) => received.length === 1)
})

test('A frame in the name of another node ends the connection that it came over.', async (t) => {
  const [one] = await openPair(t)
  const socket = await dial(t, one)
  socket.write(encodeHello(NODE_2, { stream: 'raft', node: 1n }))
  const forged = new RaftFrameEncoder({ ...NODE_2, nodeId: 3n })
  const message = { group: GROUP, to: replicaOn(1n), from: replicaOn(3n), data: new Uint8Array(1) }
  socket.write(forged.encode([message]))
  await closed(socket)
  assert.deepEqual(one.received, [])
  assert.match(one.log.join('\n'), /a frame is refused: it is of node 3/)
})

test('Garbage ends its connection and harms no other.', async (t) => {
  const [one, two] = await openPair(t)
  const hello = encodeHello({ ...NODE_2, nodeId: 9n }, { stream: 'raft', node: 1n })
  const oversize = new Uint8Array(4)
  viewOf(oversize).setUint32(0, TEST_LIMITS.frameBytesMax + 1, true)
  const fetch = encodeFrame({ case: 'fetchFile', value: create(raft.FetchFileSchema) })
  const garbage = [
    [Uint8Array.of(0, 0, 0, 0)],
    [Uint8Array.of(255, 255, 255, 255, 1)],
    [Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
    [fetch],
    [hello, Uint8Array.of(3, 0, 0, 0, 0x12, 9, 9)],
    [hello, oversize],
    [hello, hello],
    [hello, fetch],
  ]
  for (const parts of garbage) {
    const socket = await dial(t, one)
    const ends = closed(socket)
    for (const part of parts) socket.write(part)
    await ends
  }
  two.know(1n, 2n)
  two.send(1n, 'still here')
  await one.until(({ received }) => received.includes('still here'))
})

test('A peer that goes silent is dead after a while.', async (t) => {
  const directory: Directory = new Map()
  const one = await PeerNode.open(t, directory, { nodeId: 1n })
  one.know(1n, 2n)
  const silent = createServer((socket) => {
    socket.on('error', () => {})
    socket.write(encodeHello(NODE_2, { stream: 'raft', node: 1n }))
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  t.after(() => silent.close())
  const address = silent.address()
  assert.ok(typeof address === 'object' && address !== null)
  directory.set(2n, `127.0.0.1:${address.port}`)
  one.send(2n, 'a')
  await one.until(({ log }) => log.some((line) => /nothing was heard for 200 ms/.test(line)))
  assert.deepEqual(one.unreachable, [replicaOn(2n)])
})

test('A full queue drops its oldest frames, and never the last.', () => {
  const queue = new SendQueue(10)
  const frame = (size: number) => ({ bytes: new Uint8Array(size), messages: [] })
  const [first, second, third, huge] = [frame(5), frame(5), frame(4), frame(99)]
  assert.deepEqual(
    [first, second, third].flatMap((each) => queue.push(each)),
    [first],
  )
  assert.deepEqual(queue.push(huge), [second, third])
  assert.equal(queue.shift(), huge)
  assert.ok(queue.isEmpty)
})

test('An address is a host and a port, an IPv6 host in brackets.', () => {
  assert.deepEqual(parseHostPort('db-1.local:7000'), { host: 'db-1.local', port: 7000 })
  assert.deepEqual(parseHostPort('[::1]:7000'), { host: '::1', port: 7000 })
  for (const text of ['', 'host', ':1', '::1:7000', 'host:99999', 'host:']) {
    assert.equal(parseHostPort(text), undefined, text)
  }
})
