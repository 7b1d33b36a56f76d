/**
 * Access tokens: JWTs of minutes that say who calls, signed by signing-keys.ts.
 *
 * A token names its bearer, not what the bearer may do: roles and plans are looked up when it is
 * used, so that a change counts at once. Only a token made from an API key carries scopes, because
 * they may be narrower than the key's.
 */

import { type Clock, VectronError } from '@vectron/base'
import { errors, jwtVerify, SignJWT } from 'jose'
import type { ScopeRecord } from './records.ts'
import { SIGNING_ALGORITHM, type SigningKeys } from './signing-keys.ts'

/** Seconds that a person's access token lives. */
export const ACCESS_TOKEN_SECONDS = 15 * 60
const AUDIENCE = 'vectron'
/** Seconds that clocks of instances may differ. */
const CLOCK_TOLERANCE_SECONDS = 5
/** A JWT of ours is far shorter. */
const TOKEN_CHARS_MAX = 4096

/** Whom a token speaks for. */
export type TokenSubject =
  | { readonly kind: 'user'; readonly userId: string; readonly sessionId: string }
  | { readonly kind: 'key'; readonly keyId: string; readonly scopes: readonly ScopeRecord[] }

export interface VerifiedToken {
  readonly subject: TokenSubject
  readonly issuedMs: number
  readonly expiresMs: number
}

export interface AccessTokensOptions {
  readonly keys: SigningKeys
  /** Who issues: the cluster's name, the same for all instances. */
  readonly issuer: string
  readonly clock: Clock
}

export class AccessTokens {
  readonly #options: AccessTokensOptions

  constructor(options: AccessTokensOptions) {
    this.#options = options
  }

  async issue(subject: TokenSubject, lifetimeSeconds: number): Promise<string> {
    const { keys, issuer, clock } = this.#options
    const key = await keys.current()
    const nowSeconds = clock.nowMs() / 1000
    const claims =
      subject.kind === 'user'
        ? { kind: 'user', sid: subject.sessionId }
        : { kind: 'key', scopes: subject.scopes }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: SIGNING_ALGORITHM, kid: key.kid, typ: 'at+jwt' })
      .setSubject(subject.kind === 'user' ? subject.userId : subject.keyId)
      .setIssuer(issuer)
      .setAudience(AUDIENCE)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(Math.ceil(nowSeconds + lifetimeSeconds))
      .sign(key.privateKey)
  }

  /** undefined for whatever is not a token of ours that counts now. */
  async verify(text: string): Promise<VerifiedToken | undefined> {
    const { keys, issuer, clock } = this.#options
    if (text.length > TOKEN_CHARS_MAX) return undefined
    try {
      const { payload } = await jwtVerify(
        text,
        async ({ kid }) => {
          const key = kid === undefined ? undefined : await keys.find(kid)
          if (key === undefined) throw new errors.JWKSNoMatchingKey()
          return key
        },
        {
          algorithms: [SIGNING_ALGORITHM],
          typ: 'at+jwt',
          issuer,
          audience: AUDIENCE,
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: new Date(clock.nowMs()),
          requiredClaims: ['sub', 'iat', 'exp'],
        },
      )
      const { sub = '', iat = 0, exp = 0 } = payload
      return {
        subject:
          payload['kind'] === 'user'
            ? { kind: 'user', userId: sub, sessionId: String(payload['sid']) }
            : { kind: 'key', keyId: sub, scopes: payload['scopes'] as ScopeRecord[] },
        issuedMs: iat * 1000,
        expiresMs: exp * 1000,
      }
    } catch (error) {
      if (error instanceof VectronError) throw error
      if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
      throw error
    }
  }
}
