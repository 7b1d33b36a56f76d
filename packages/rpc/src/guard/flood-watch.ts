/**
 * Ends an HTTP/2 connection that makes work without asking for anything: calls cancelled as fast as
 * they are made (CVE-2023-44487), SETTINGS and PING frames without end (CVE-2019-9515, 9512).
 *
 * nghttp2 itself bounds what it queues for such a peer, header blocks and CONTINUATION frames; what
 * it lets through is counted here.
 */
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { type Clock, LIMITS } from '@vectron/base'
import type { EndCause } from './server-guard.ts'
import { type Rate, TokenBucket } from './token-bucket.ts'

export interface FloodWatchOptions {
  readonly session: ServerHttp2Session
  readonly resets: Rate
  readonly clock: Clock
}

/** What a session is ended with; its server hears of it as of any other end. */
export class FloodError extends Error {
  readonly reason: EndCause

  constructor(reason: EndCause) {
    super(`connection ended: ${reason}`)
    this.reason = reason
  }
}

/** Watches one connection; tell it of each stream. */
export class FloodWatch {
  readonly #session: ServerHttp2Session
  readonly #resets: TokenBucket

  constructor({ session, resets, clock }: FloodWatchOptions) {
    this.#session = session
    this.#resets = new TokenBucket(resets, clock)
    const settings = new TokenBucket(LIMITS.settingsFrames, clock)
    const pings = new TokenBucket(LIMITS.pingFrames, clock)
    session.on('remoteSettings', () => this.#count(settings, 'control-flood'))
    session.on('ping', () => this.#count(pings, 'control-flood'))
  }

  opened(stream: ServerHttp2Stream): void {
    if (stream.closed) this.#closed(stream)
    else stream.once('close', () => this.#closed(stream))
  }

  /**
   * Who has its answer may well let go of what it has not sent yet, as clients do whose call is
   * refused before its body has come. That is no attack: the call was answered like any other.
   */
  #closed({ rstCode, headersSent, writableEnded }: ServerHttp2Stream): void {
    const isAnswered = headersSent && writableEnded
    if (rstCode === constants.NGHTTP2_NO_ERROR || isAnswered) return
    this.#count(this.#resets, 'rapid-reset')
  }

  #count(bucket: TokenBucket, cause: EndCause): void {
    if (this.#session.destroyed || bucket.take()) return
    this.#session.destroy(new FloodError(cause), constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }
}
