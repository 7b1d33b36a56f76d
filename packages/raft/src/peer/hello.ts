/**
 * The first frame in each direction of a connection: who speaks, and whom the dialler means.
 *
 * Pure: says why a hello is refused, or undefined when it is welcome. What the certificate of a TLS
 * connection must say is in peer-certificate.ts.
 */
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { concatBytes, isSameSecret, viewOf } from '@vectron/base'
import { raft } from '@vectron/contracts'
import type { NodeIdentity } from '../transport.ts'
import { FrameError } from './frame-reader.ts'
import { LENGTH_BYTES } from './raft-frame.ts'

const PROTOCOL_VERSION = 1

/** A node's identity, and where it can be dialled. */
export interface PeerIdentity extends NodeIdentity {
  /** Node ids count by role: `worker` or `placement`. */
  readonly role: string
  readonly raftAddress: string
  /** What peers must say too; empty where certificates tell who they are. */
  readonly secret: string
}

export type StreamKind = 'raft' | 'bulk'

export interface HelloTarget {
  readonly stream: StreamKind
  /** The node that is dialled, or that is answered. */
  readonly node: bigint
}

const STREAMS: Readonly<Record<StreamKind, raft.PeerStream>> = {
  raft: raft.PeerStream.RAFT,
  bulk: raft.PeerStream.BULK,
}

/** Encodes any frame but those of Raft messages, its length included. */
export function encodeFrame(
  frame: MessageInitShape<typeof raft.PeerFrameSchema>['frame'],
): Uint8Array {
  const message = create(raft.PeerFrameSchema, frame === undefined ? {} : { frame })
  const payload = toBinary(raft.PeerFrameSchema, message)
  const length = new Uint8Array(LENGTH_BYTES)
  viewOf(length).setUint32(0, payload.length, true)
  return concatBytes([length, payload])
}

/**
 * Any frame but those of Raft messages.
 *
 * @throws FrameError
 */
export function parseFrame(payload: Uint8Array): raft.PeerFrame['frame'] {
  try {
    return fromBinary(raft.PeerFrameSchema, payload).frame
  } catch (cause) {
    throw new FrameError(`it cannot be decoded: ${cause}`)
  }
}

export function encodeHello(self: PeerIdentity, { stream, node }: HelloTarget): Uint8Array {
  const { clusterId, nodeId, bootEpoch, role, raftAddress, secret } = self
  const value = create(raft.PeerHelloSchema, {
    protocol: PROTOCOL_VERSION,
    clusterId,
    nodeId,
    bootEpoch,
    role,
    raftAddress,
    secret,
    stream: STREAMS[stream],
    toNodeId: node,
  })
  return encodeFrame({ case: 'hello', value })
}

/** What the hello's connection is for; undefined for what this release does not know. */
export function streamOf({ stream }: raft.PeerHello): StreamKind | undefined {
  if (stream === raft.PeerStream.RAFT) return 'raft'
  return stream === raft.PeerStream.BULK ? 'bulk' : undefined
}

/** What a hello is held against. */
export interface HelloCheck {
  readonly self: PeerIdentity
  /** What was dialled; undefined for a connection that was accepted. */
  readonly dialled: HelloTarget | undefined
  /** Newest boot epoch that was heard of a node. */
  readonly newestEpoch: (node: bigint) => bigint
}

/** Why the speaker is not who it must be; undefined when it is. */
export function refuseHello(hello: raft.PeerHello, check: HelloCheck): string | undefined {
  const { self, dialled } = check
  if (hello.protocol !== PROTOCOL_VERSION) {
    return `it speaks version ${hello.protocol} of the protocol, this node ${PROTOCOL_VERSION}`
  }
  if (!isSameSecret(hello.secret, self.secret)) return 'it does not know the secret of the cluster'
  if (hello.clusterId !== self.clusterId) {
    return `it is of the cluster "${hello.clusterId}", this node of "${self.clusterId}"`
  }
  if (hello.role !== self.role) return `its role is "${hello.role}", this node's "${self.role}"`
  if (hello.toNodeId !== self.nodeId) {
    return `it means ${hello.role} ${hello.toNodeId}, this node is ${self.nodeId}`
  }
  if (dialled !== undefined && hello.nodeId !== dialled.node) {
    return `it is ${hello.role} ${hello.nodeId}, and ${dialled.node} was dialled`
  }
  if (hello.nodeId === self.nodeId) return `it has this node's id, ${self.nodeId}`
  const stream = streamOf(hello)
  if (stream === undefined || (dialled !== undefined && stream !== dialled.stream)) {
    return `it opens a stream of kind ${hello.stream}`
  }
  const newest = check.newestEpoch(hello.nodeId)
  if (hello.bootEpoch < newest) {
    return `it is of boot epoch ${hello.bootEpoch}, and ${newest} has been heard of its node`
  }
  return undefined
}
