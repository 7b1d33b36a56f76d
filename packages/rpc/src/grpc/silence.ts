/**
 * For how long a connection has given nothing although it was asked.
 *
 * A peer that is cut off leaves the connection standing: after the network has healed, TCP may not
 * try again for as long as it was broken. A new connection gets through at once, so a silent one is
 * given up. Counts bytes and looks only when a call begins or is late; it costs no timer.
 */
import type { ClientHttp2Session } from 'node:http2'

export class Silence {
  readonly #session: ClientHttp2Session
  #bytesRead = 0
  #sinceMs = 0

  constructor(session: ClientHttp2Session) {
    this.#session = session
  }

  /** A call goes out; `alone`: no other is under way, so nobody has been waiting. */
  begin({ alone }: { readonly alone: boolean }): void {
    if (this.#hasNews() || alone) this.#sinceMs = performance.now()
  }

  /** Milliseconds without a byte, at the moment when a call is late. */
  lastsMs(): number {
    if (this.#hasNews()) this.#sinceMs = performance.now()
    return performance.now() - this.#sinceMs
  }

  #hasNews(): boolean {
    const bytesRead = this.#session.socket?.bytesRead ?? 0
    if (bytesRead === this.#bytesRead) return false
    this.#bytesRead = bytesRead
    return true
  }
}
