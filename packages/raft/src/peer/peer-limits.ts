/**
 * Limits of the transport between hosts, with units and reasons. Tests use shorter times.
 */
import { LIMITS } from '@vectron/base'

const KIB = 1024
const MIB = 1024 * KIB

export interface PeerLimits {
  /** Bytes of one frame: one log entry of the largest write, and what wraps it. */
  readonly frameBytesMax: number
  /** Bytes from which the messages of one send go on in a further frame. */
  readonly frameBytesAim: number
  /** Bytes of the first frame, which a stranger may send. */
  readonly helloBytesMax: number
  /** Bytes of frames that wait for one peer; the oldest are dropped beyond it. */
  readonly queueBytesMax: number
  /** Milliseconds until a dial counts as failed, the TLS handshake included. */
  readonly connectTimeoutMs: number
  /** Milliseconds from the connection to the peer's hello. */
  readonly greetingTimeoutMs: number
  /** Milliseconds without a frame of ours after which an empty one is sent. */
  readonly keepAliveMs: number
  /** Milliseconds without a byte of the peer after which it counts as dead. */
  readonly idleTimeoutMs: number
  /** Milliseconds before the first dial after a loss; doubled with each that fails. */
  readonly redialMsMin: number
  readonly redialMsMax: number
  /** Milliseconds without use after which a connection is closed. */
  readonly unusedMs: number
  /** Connections that have not greeted yet; further ones are closed. */
  readonly strangersMax: number
  /** Bytes of a snapshot's file in one frame: a heartbeat never waits for more. */
  readonly chunkBytes: number
  /** Bytes of one file that are asked for and not yet consumed. */
  readonly fetchWindowBytes: number
  /** Bytes of snapshots that this host sends in a second, to all peers together. */
  readonly snapshotBytesPerSecond: number
  /** Milliseconds between looks at the files of certificates. */
  readonly credentialsLookMs: number
}

export const PEER_LIMITS: PeerLimits = {
  frameBytesMax: LIMITS.peerFrameBytesMax,
  frameBytesAim: 1 * MIB,
  helloBytesMax: 4 * KIB,
  queueBytesMax: LIMITS.peerQueueBytesMax,
  // Shorter than an election, and long enough for a lost SYN to be sent again.
  connectTimeoutMs: 2500,
  greetingTimeoutMs: 2500,
  keepAliveMs: 1000,
  // Several keep-alives may be lost; a leader's followers notice its death by elections anyway.
  idleTimeoutMs: 5000,
  redialMsMin: 50,
  redialMsMax: 2000,
  unusedMs: 60_000,
  strangersMax: 256,
  chunkBytes: 256 * KIB,
  fetchWindowBytes: 4 * MIB,
  snapshotBytesPerSecond: LIMITS.snapshotBytesPerSecond,
  credentialsLookMs: 60_000,
}
