/**
 * The session of this browser tab: who is signed in, and the token that calls carry.
 *
 * The gateway keeps the refresh token in a cookie that no script can read; the access token lives
 * in memory alone. Invariant: at most one resume is under way in this tab; the gateway answers
 * those of several tabs that come together with one session.
 */
import { type Profile, VectronApiError } from '@vectron/client'
import { type GrantedSession, type SessionCall, sendSessionCall } from './session-calls.ts'

export type SessionState =
  /** It is not known yet whether somebody is signed in. */
  | { readonly kind: 'starting' }
  | {
      readonly kind: 'signed-out'
      /** Why, when it was not the person's own doing. */
      readonly why?: unknown
    }
  | { readonly kind: 'signed-in'; readonly profile: Profile }

/** Renewed so long before it ends that no call is refused on the way. */
const RENEW_BEFORE_MS = 60_000

class Session {
  #state: SessionState = { kind: 'starting' }
  #token: { readonly text: string; readonly untilMs: number } | undefined
  #resuming: Promise<void> | undefined
  readonly #listeners = new Set<() => void>()

  get state(): SessionState {
    return this.#state
  }

  /** For useSyncExternalStore. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Signs in by the code of the address, if it has one; else goes on with the last session. */
  async start(): Promise<void> {
    const code = takeCode()
    try {
      if (code === undefined) await this.resume()
      else await this.enter({ kind: 'link', token: code })
    } catch (why) {
      this.#end(why)
    }
  }

  /** @throws VectronApiError */
  async enter(call: SessionCall): Promise<void> {
    this.#take(await sendSessionCall(call, this.#token?.text))
  }

  async logOut(scope: 'this' | 'everywhere'): Promise<void> {
    await sendSessionCall({ kind: 'logout', everywhere: scope === 'everywhere' }, undefined)
    this.#end()
  }

  /** A token that counts now; undefined when nobody is signed in any more. */
  async freshToken(): Promise<string | undefined> {
    const isFresh = this.#token !== undefined && this.#token.untilMs > Date.now()
    if (!isFresh && this.#state.kind !== 'signed-out') await this.resume()
    return this.#token?.text
  }

  /** Gets the next token. @throws VectronApiError when no answer came */
  resume(): Promise<void> {
    const before = this.#state.kind
    this.#resuming ??= sendSessionCall({ kind: 'resume' }, undefined)
      .then((granted) => {
        if (granted === null && before === 'signed-in') this.#end(endedElsewhere())
        else this.#take(granted)
      })
      .finally(() => {
        this.#resuming = undefined
      })
    return this.#resuming
  }

  /** What the person changed about themselves. */
  updateProfile(profile: Profile): void {
    if (this.#state.kind === 'signed-in') this.#become({ kind: 'signed-in', profile })
  }

  #take(granted: GrantedSession | null): void {
    if (granted === null) {
      this.#end()
      return
    }
    const { accessToken, expiresIn, profile } = granted
    this.#token = { text: accessToken, untilMs: Date.now() + expiresIn * 1000 - RENEW_BEFORE_MS }
    this.#become({ kind: 'signed-in', profile })
  }

  #end(why?: unknown): void {
    this.#token = undefined
    this.#become(why === undefined ? { kind: 'signed-out' } : { kind: 'signed-out', why })
  }

  #become(state: SessionState): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}

function endedElsewhere(): VectronApiError {
  return new VectronApiError(
    'SESSION_ENDED',
    'You were logged out elsewhere, your password was changed, or the session was used by ' +
      'somebody else and ended for your safety. Sign in to go on where you were.',
  )
}

/** The one-time code of the address, which is taken out of it and of the history at once. */
function takeCode(): string | undefined {
  const url = new URL(location.href)
  const code = url.searchParams.get('code') ?? undefined
  if (code === undefined) return undefined
  url.searchParams.delete('code')
  history.replaceState(history.state, '', url)
  return code
}

export const session = new Session()
