/**
 * What the authenticator said of credentials, remembered for as long as it can be trusted.
 *
 * The simple version believes an answer for a second: each key is then asked about once a second,
 * and a revoked one goes on for that long. Here the authenticator tells what ended the moment that
 * it does, and four times a second that it has nothing more to tell. While that is heard, an answer
 * stands until it is called back. When it falls silent, each answer is asked for anew once it is
 * older than BELIEVED_MS.
 *
 * When the authenticator cannot be asked either, credentials that were known when it was last heard
 * go on for GRACE_MS from then, and no longer; unknown ones are refused as UNAVAILABLE.
 */

import {
  type CancelTimer,
  type Clock,
  type Logger,
  sleep,
  toVectronError,
  VectronError,
} from '@vectron/base'
import type { auth } from '@vectron/contracts'
import type { Client, Principal } from '@vectron/rpc'

/** Milliseconds without a word of the authenticator after which nothing is trusted unasked. */
export const SILENCE_MS = 750
/** Milliseconds that an answer is believed while the authenticator is silent. */
export const BELIEVED_MS = 250
/** Milliseconds without a word after which another instance is listened to. */
const SWITCH_MS = 1500
/** Milliseconds since its last word that known credentials go on without it. */
export const GRACE_MS = 30_000
/** Milliseconds that an answer is asked for: a hanging authenticator must not hang requests. */
const ASK_MS = 2000
/** Credentials remembered. Only valid ones are, so wrong ones cannot crowd them out. */
const ENTRIES_MAX = 50_000
const RECONNECT_MS = 200

export interface CredentialCacheOptions {
  readonly auth: Client<typeof auth.Auth>
  readonly clock: Clock
  readonly logger: Logger
}

/** A credential and the project that the caller asks for. */
export interface Credential {
  readonly text: string
  readonly project: string
}

interface Entry {
  readonly principal: Principal
  readonly askedUs: number
}

export class CredentialCache {
  readonly #options: CredentialCacheOptions
  readonly #entries = new Map<string, Entry>()
  readonly #closing = new AbortController()
  /** Grows whenever something is called back: an answer that was asked for before is not kept. */
  #recalls = 0
  #heardUs = Number.NEGATIVE_INFINITY
  #following: Promise<void> | undefined

  constructor(options: CredentialCacheOptions) {
    this.#options = options
  }

  /** Begins to listen to the authenticator. */
  start(): void {
    this.#following ??= this.#follow()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#following
  }

  /** What is remembered and may be trusted; costs no turn of the event loop. */
  peek(credential: Credential): Principal | undefined {
    const entry = this.#entries.get(keyOf(credential))
    if (entry === undefined || this.#isOver(entry)) return undefined
    const nowUs = this.#options.clock.monotonicUs()
    const isHeard = nowUs - this.#heardUs <= SILENCE_MS * 1000
    if (isHeard || nowUs - entry.askedUs <= BELIEVED_MS * 1000) return entry.principal
    return undefined
  }

  /** @throws VectronError WRONG_KEY; UNAVAILABLE when nobody can tell */
  async ask(credential: Credential): Promise<Principal> {
    const { auth, clock } = this.#options
    const recalls = this.#recalls
    const askedUs = clock.monotonicUs()
    let principal: Principal | undefined
    try {
      const request = { apiKey: credential.text, projectId: credential.project }
      ;({ principal } = await auth.validateKey(request, { timeoutMs: ASK_MS }))
    } catch (error) {
      return this.#goOnWithout(credential, error)
    }
    const key = keyOf(credential)
    this.#entries.delete(key)
    if (principal === undefined) {
      throw new VectronError(
        'WRONG_KEY',
        'The credential is unknown, mistyped, expired or revoked.',
      )
    }
    // Something was called back while this was asked: it may be about this very answer.
    if (recalls === this.#recalls) this.#remember(key, { principal, askedUs })
    return principal
  }

  #goOnWithout(credential: Credential, error: unknown): Principal {
    const entry = this.#entries.get(keyOf(credential))
    const silentMs = (this.#options.clock.monotonicUs() - this.#heardUs) / 1000
    if (entry !== undefined && !this.#isOver(entry) && silentMs <= GRACE_MS) return entry.principal
    const { message } = toVectronError(error)
    throw new VectronError('UNAVAILABLE', `The authenticator does not answer: ${message}`, {
      subject: 'auth',
      cause: error,
    })
  }

  #isOver({ principal }: Entry): boolean {
    return principal.expiresMs !== 0n && Number(principal.expiresMs) <= this.#options.clock.nowMs()
  }

  #remember(key: string, entry: Entry): void {
    if (this.#entries.size >= ENTRIES_MAX) {
      const [oldest] = this.#entries.keys()
      if (oldest !== undefined) this.#entries.delete(oldest)
    }
    this.#entries.set(key, entry)
  }

  async #follow(): Promise<void> {
    const { auth, clock, logger } = this.#options
    const { signal } = this.#closing
    while (!signal.aborted) {
      const listening = new AbortController()
      const either = AbortSignal.any([signal, listening.signal])
      const cancelTimer = this.#whenSilent(() => listening.abort())
      try {
        for await (const { change } of auth.watchChanges({}, { signal: either })) this.#take(change)
      } catch (error) {
        if (!signal.aborted) logger.warn({ err: error }, 'the authenticator tells no changes')
      } finally {
        cancelTimer()
      }
      await sleep(clock, RECONNECT_MS, signal).catch(() => {})
    }
  }

  /** An instance that stands still keeps its connection open: another one is listened to then. */
  #whenSilent(onSilent: () => void): CancelTimer {
    const { clock } = this.#options
    const beganUs = clock.monotonicUs()
    let cancel: CancelTimer = () => {}
    const look = () => {
      const silentUs = clock.monotonicUs() - Math.max(this.#heardUs, beganUs)
      const leftMs = SWITCH_MS - silentUs / 1000
      if (leftMs <= 0) onSilent()
      else cancel = clock.setTimer(leftMs, look)
    }
    look()
    return () => cancel()
  }

  #take(change: auth.WatchChangesResponse['change']): void {
    if (change.case === 'reset') this.#recall(() => true)
    if (change.case === 'reset' || change.case === 'alive') {
      this.#heardUs = this.#options.clock.monotonicUs()
      return
    }
    const { case: kind, value } = change
    if (kind !== undefined) this.#recall((principal) => principal[kind] === value)
  }

  #recall(isOver: (principal: Principal) => boolean): void {
    this.#recalls += 1
    for (const [key, { principal }] of this.#entries) {
      if (isOver(principal)) this.#entries.delete(key)
    }
  }
}

/** A person's token means another principal in each project; "\n" is in no credential. */
function keyOf({ text, project }: Credential): string {
  return project === '' ? text : `${text}\n${project}`
}
