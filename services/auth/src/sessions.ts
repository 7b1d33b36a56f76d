/**
 * Sessions of people: an access token of minutes and a refresh token that counts once.
 *
 * Each refresh replaces the token. One that comes back after that was copied, or its answer was
 * lost on the way; which of the two cannot be known, so the session ends (RFC 9700, 4.14.2).
 *
 * A refresh token is `vr_<user>_<session>_<secret>`.
 */

import { type Clock, VectronError } from '@vectron/base'
import { ACCESS_TOKEN_SECONDS, type AccessTokens } from './access-token.ts'
import { keyOf, lastPart, listRecords, readRecord, type SessionRecord, toPut } from './records.ts'
import {
  createId,
  createSecret,
  hashSecret,
  ID_PATTERN,
  isSecretOf,
  SECRET_PATTERN,
} from './secret-text.ts'
import type { CredentialStore } from './store/credential-store.ts'

/** Milliseconds that a session lives without a refresh. */
const SESSION_MS = 30 * 24 * 3_600_000
/** Spent tokens that are recognised. */
const SPENT_MAX = 20
const REFRESH_TOKEN = new RegExp(`^vr_(${ID_PATTERN})_(${ID_PATTERN})_(${SECRET_PATTERN})$`)

export interface SessionTokens {
  readonly userId: string
  readonly sessionId: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresInSeconds: number
}

export interface SessionsOptions {
  readonly store: CredentialStore
  readonly tokens: AccessTokens
  readonly clock: Clock
  /** A refresh token was used again. */
  readonly onReuse: (userId: string, sessionId: string) => void
}

export class Sessions {
  readonly #options: SessionsOptions

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  async begin(userId: string): Promise<SessionTokens> {
    const { store, clock } = this.#options
    const secret = createSecret()
    const now = clock.nowMs()
    const record: SessionRecord = {
      id: createId(),
      userId,
      refreshHash: hashSecret(secret),
      spentHashes: [],
      createdMs: now,
      expiresMs: now + SESSION_MS,
    }
    await store.commit({ put: [toPut(keyOf.session(userId, record.id), record, SESSION_MS)] })
    return this.#issue(record, secret)
  }

  /** @throws VectronError WRONG_KEY */
  async refresh(refreshToken: string): Promise<SessionTokens> {
    const { store, clock, onReuse } = this.#options
    const [, userId, sessionId, secret] = REFRESH_TOKEN.exec(refreshToken) ?? []
    if (userId === undefined || sessionId === undefined || secret === undefined) throw ended()
    const key = keyOf.session(userId, sessionId)
    const found = await readRecord<SessionRecord>(store, key)
    if (found === undefined) throw ended()
    const { value: session, revision } = found
    if (session.spentHashes.some((hash) => isSecretOf(secret, hash))) {
      await store.commit({ remove: [key] })
      onReuse(userId, sessionId)
      throw ended()
    }
    if (!isSecretOf(secret, session.refreshHash)) throw ended()
    const next = createSecret()
    const renewed: SessionRecord = {
      ...session,
      refreshHash: hashSecret(next),
      spentHashes: [...session.spentHashes, session.refreshHash].slice(-SPENT_MAX),
      expiresMs: clock.nowMs() + SESSION_MS,
    }
    const put = [toPut(key, renewed, SESSION_MS)]
    // Somebody else refreshed it in the same moment: the token was used twice.
    if (!(await store.commit({ expect: [{ key, revision }], put })))
      return this.refresh(refreshToken)
    return this.#issue(renewed, next)
  }

  async isLive(userId: string, sessionId: string): Promise<boolean> {
    return (await this.#options.store.get(keyOf.session(userId, sessionId))) !== undefined
  }

  async end(userId: string, sessionId: string): Promise<void> {
    await this.#options.store.commit({ remove: [keyOf.session(userId, sessionId)] })
  }

  /** Ends all sessions of a person, but for one if named. */
  async endAll(userId: string, except = ''): Promise<void> {
    const { store } = this.#options
    const sessions = await listRecords<SessionRecord>(store, keyOf.session(userId, ''))
    const remove = sessions.map(({ key }) => key).filter((key) => lastPart(key) !== except)
    if (remove.length > 0) await store.commit({ remove })
  }

  async #issue({ userId, id }: SessionRecord, secret: string): Promise<SessionTokens> {
    const subject = { kind: 'user', userId, sessionId: id } as const
    return {
      userId,
      sessionId: id,
      accessToken: await this.#options.tokens.issue(subject, ACCESS_TOKEN_SECONDS),
      refreshToken: `vr_${userId}_${id}_${secret}`,
      expiresInSeconds: ACCESS_TOKEN_SECONDS,
    }
  }
}

function ended(): VectronError {
  return new VectronError('WRONG_KEY', 'The session has ended; sign in again.')
}
