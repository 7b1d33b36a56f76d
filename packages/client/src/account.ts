/** Accounts of people: sign up, sign in and out, profile and password. */
import type { Profile, Session } from './account-resources.ts'
import type { CallOptions, Transport } from './transport.ts'

const AUTH = '/v1/auth'

export interface PasswordChange {
  /** Empty for an account that has none yet. */
  readonly currentPassword: string
  readonly newPassword: string
  /** Sets the account's address too. */
  readonly email?: string
}

export class Account {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Makes an account with a project of its own, and signs in. */
  register(
    registration: { readonly email: string; readonly password: string; readonly name?: string },
    options?: CallOptions,
  ): Promise<Session> {
    return this.#post('/register', registration, options)
  }

  logIn(
    credentials: { readonly email: string; readonly password: string },
    options?: CallOptions,
  ): Promise<Session> {
    return this.#post('/login', credentials, options)
  }

  /** The token counts once; the answer holds the next. Never retried. */
  refresh(refreshToken: string, options?: CallOptions): Promise<Session> {
    return this.#post('/refresh', { refreshToken }, options)
  }

  /** Signs in by a link that the server printed; it counts once. */
  redeemSignInLink(token: string, options?: CallOptions): Promise<Session> {
    return this.#post('/sign-in-link', { token }, options)
  }

  /** Ends this session, or all of the account's. */
  async logOut(scope: 'this' | 'everywhere' = 'this', options?: CallOptions): Promise<void> {
    await this.#post('/logout', { everywhere: scope === 'everywhere' }, options)
  }

  profile(options?: CallOptions): Promise<Profile> {
    const call = { method: 'GET', path: `${AUTH}/profile`, idempotent: true } as const
    return this.#transport.call(call, options)
  }

  rename(name: string, options?: CallOptions): Promise<Profile> {
    const path = `${AUTH}/profile`
    const call = { method: 'PATCH', path, body: { name }, idempotent: true } as const
    return this.#transport.call(call, options)
  }

  /** Ends every other session of the account. */
  changePassword(change: PasswordChange, options?: CallOptions): Promise<Session> {
    return this.#post('/password', change, options)
  }

  /** Deletes the account, and the projects that it has alone. */
  async remove(password: string, options?: CallOptions): Promise<void> {
    await this.#post('/account:delete', { password }, options)
  }

  #post<Answer>(path: string, body: unknown, options?: CallOptions): Promise<Answer> {
    const call = { method: 'POST', path: AUTH + path, body, idempotent: false } as const
    return this.#transport.call(call, options)
  }
}
