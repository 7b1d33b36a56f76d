/**
 * Accounts of people: made, signed in to, changed and deleted.
 *
 * Wrong password and unknown account are one error after one time of work; the throttle slows both
 * alike. What a person may do in projects is projects.ts's.
 */

import { type Clock, VectronError } from '@vectron/base'
import type { LogInAttempt, LoginThrottle } from './login-throttle.ts'
import { PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, type PasswordHasher } from './password-hash.ts'
import type { Projects } from './projects.ts'
import { keyOf, type LinkRecord, type Read, readRecord, toPut, type UserRecord } from './records.ts'
import {
  createId,
  createSecret,
  hashSecret,
  ID_PATTERN,
  isSecretOf,
  SECRET_PATTERN,
} from './secret-text.ts'
import type { Sessions, SessionTokens } from './sessions.ts'
import type { CredentialStore } from './store/credential-store.ts'

const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,190}$/
const NAME_CHARS_MAX = 128
/** Milliseconds that a sign-in link counts. */
const LINK_MS = 24 * 3_600_000
/** Taken by the first owner, so that there is one of them. */
const OWNER_SEAT = 'first-owner'
const LINK = new RegExp(`^vl_(${ID_PATTERN})_(${SECRET_PATTERN})$`)

export interface AccountsOptions {
  readonly store: CredentialStore
  readonly hasher: PasswordHasher
  readonly throttle: LoginThrottle
  readonly sessions: Sessions
  readonly projects: Projects
  readonly clock: Clock
  /** Whether strangers may make accounts. */
  readonly registration: 'open' | 'closed'
}

export interface Registration {
  readonly email: string
  readonly password: string
  readonly name: string
}

export class Accounts {
  readonly #options: AccountsOptions

  constructor(options: AccountsOptions) {
    this.#options = options
  }

  /** @throws VectronError FORBIDDEN, INVALID_ARGUMENT, CONFLICT, OVERLOADED */
  async register(registration: Registration, address: string): Promise<SessionTokens> {
    const { store, hasher, throttle, sessions, projects, registration: rule } = this.#options
    if (rule === 'closed') {
      throw new VectronError('FORBIDDEN', 'Accounts are made by an owner of the cluster here.')
    }
    const email = parseEmail(registration.email)
    const name = parseName(registration.name)
    checkPassword(registration.password, 'password')
    await throttle.check({ email, address })
    const user = this.#newUser(name, await hasher.hash(registration.password), email)
    const made = await store.commit({
      expect: [{ key: keyOf.email(email), revision: 0n }],
      put: [toPut(keyOf.user(user.id), user), toPut(keyOf.email(email), user.id)],
    })
    if (!made) {
      await throttle.onWrong({ email, address })
      throw new VectronError('CONFLICT', `There is an account for ${email} already.`, {
        field: 'email',
      })
    }
    await projects.create({ name: `${name || email}'s project`, plan: 'free' }, user.id)
    return sessions.begin(user.id)
  }

  /** @throws VectronError WRONG_KEY, RATE_LIMITED, OVERLOADED */
  async logIn(attempt: LogInAttempt, password: string): Promise<SessionTokens> {
    const { throttle, sessions, hasher } = this.#options
    await throttle.check(attempt)
    const user = await this.#findByEmail(attempt.email)
    const hash = user?.value.passwordHash ?? ''
    const text = password.slice(0, PASSWORD_CHARS_MAX)
    const isRight = hash === '' ? await hasher.verifyNothing(text) : await hasher.verify(text, hash)
    if (!isRight || user === undefined) {
      await throttle.onWrong(attempt)
      throw new VectronError('WRONG_KEY', 'The address or the password is wrong.')
    }
    await throttle.onRight(attempt)
    return sessions.begin(user.value.id)
  }

  /** @throws VectronError WRONG_KEY for a link that is wrong, used or too old */
  async redeemLink(text: string): Promise<SessionTokens> {
    const { store, sessions, clock } = this.#options
    const [, id = '', secret = ''] = LINK.exec(text) ?? []
    const key = keyOf.link(id)
    const found = await readRecord<LinkRecord>(store, key)
    const fits =
      found !== undefined &&
      found.value.expiresMs > clock.nowMs() &&
      isSecretOf(secret, found.value.secretHash)
    const expect = [{ key, revision: found?.revision ?? 0n }]
    if (!fits || !(await store.commit({ expect, remove: [key] }))) {
      throw new VectronError('WRONG_KEY', 'The sign-in link is wrong, was used, or is too old.')
    }
    return sessions.begin(found.value.userId)
  }

  /** A link that signs in as this account, once. */
  async createLink(userId: string): Promise<string> {
    const { store, clock } = this.#options
    const id = createId()
    const secret = createSecret()
    const expiresMs = clock.nowMs() + LINK_MS
    const link: LinkRecord = { userId, secretHash: hashSecret(secret), expiresMs }
    await store.commit({ put: [toPut(keyOf.link(id), link, LINK_MS)] })
    return `vl_${id}_${secret}`
  }

  /**
   * The owner of the first start: without address and password until the person sets them.
   * undefined: another instance was quicker.
   */
  async createOwner(): Promise<UserRecord | undefined> {
    const user: UserRecord = { ...this.#newUser('owner', '', ''), clusterOperator: true }
    const made = await this.#options.store.commit({
      expect: [{ key: OWNER_SEAT, revision: 0n }],
      put: [toPut(keyOf.user(user.id), user), toPut(OWNER_SEAT, user.id)],
    })
    return made ? user : undefined
  }

  async profile(userId: string): Promise<UserRecord> {
    return (await this.#get(userId)).value
  }

  async rename(userId: string, name: string): Promise<UserRecord> {
    const renamed = parseName(name)
    return this.#change(userId, (user) => ({ ...user, name: renamed }))
  }

  /** Sets the password, and the address if the account has none; ends all sessions but this one. */
  async changePassword(change: {
    readonly userId: string
    readonly sessionId: string
    readonly currentPassword: string
    readonly newPassword: string
    readonly email: string
    readonly address: string
  }): Promise<SessionTokens> {
    const { hasher, sessions, throttle } = this.#options
    checkPassword(change.newPassword, 'newPassword')
    const { value: user } = await this.#get(change.userId)
    const attempt = { email: user.email, address: change.address }
    await throttle.check(attempt)
    const isRight =
      user.passwordHash === '' || (await hasher.verify(change.currentPassword, user.passwordHash))
    if (!isRight) {
      await throttle.onWrong(attempt)
      throw new VectronError('FORBIDDEN', 'The current password is wrong.', {
        field: 'currentPassword',
      })
    }
    if (change.email !== '') await this.#takeEmail(user, parseEmail(change.email))
    const passwordHash = await hasher.hash(change.newPassword)
    await this.#change(change.userId, (known) => ({ ...known, passwordHash }))
    await sessions.endAll(change.userId)
    return sessions.begin(change.userId)
  }

  /** Access tokens that are out end too. */
  async logOutEverywhere(userId: string): Promise<void> {
    const tokensSinceMs = this.#options.clock.nowMs()
    await this.#change(userId, (user) => ({ ...user, tokensSinceMs }))
    await this.#options.sessions.endAll(userId)
  }

  /** @throws VectronError FORBIDDEN, CONFLICT */
  async remove(userId: string, password: string): Promise<void> {
    const { store, hasher, projects, sessions } = this.#options
    const { value: user, revision, key } = await this.#get(userId)
    const isRight = user.passwordHash === '' || (await hasher.verify(password, user.passwordHash))
    if (!isRight) {
      throw new VectronError('FORBIDDEN', 'The password is wrong.', { field: 'password' })
    }
    await projects.leaveAll(userId)
    const emails = user.email === '' ? [] : [keyOf.email(user.email)]
    const gone = await store.commit({ expect: [{ key, revision }], remove: [key, ...emails] })
    if (!gone) throw new VectronError('CONFLICT', 'The account was changed meanwhile.')
    await sessions.endAll(userId)
  }

  async findByEmail(email: string): Promise<UserRecord | undefined> {
    return (await this.#findByEmail(email))?.value
  }

  async #findByEmail(email: string): Promise<Read<UserRecord> | undefined> {
    const { store } = this.#options
    if (!EMAIL.test(email)) return undefined
    const found = await readRecord<string>(store, keyOf.email(email))
    return found === undefined ? undefined : readRecord<UserRecord>(store, keyOf.user(found.value))
  }

  async #takeEmail(user: UserRecord, email: string): Promise<void> {
    const { store } = this.#options
    const { revision, key } = await this.#get(user.id)
    const taken = await store.commit({
      expect: [
        { key: keyOf.email(email), revision: 0n },
        { key, revision },
      ],
      put: [toPut(keyOf.email(email), user.id), toPut(key, { ...user, email })],
      remove: user.email === '' ? [] : [keyOf.email(user.email)],
    })
    if (!taken) {
      throw new VectronError('CONFLICT', `There is an account for ${email} already.`, {
        field: 'email',
      })
    }
  }

  async #get(userId: string): Promise<Read<UserRecord>> {
    const found = await readRecord<UserRecord>(this.#options.store, keyOf.user(userId))
    if (found === undefined) throw new VectronError('WRONG_KEY', 'The account is gone.')
    return found
  }

  /** Changes a record that others may change in the same moment. */
  async #change(userId: string, change: (user: UserRecord) => UserRecord): Promise<UserRecord> {
    for (;;) {
      const { key, value, revision } = await this.#get(userId)
      const changed = change(value)
      const put = [toPut(key, changed)]
      if (await this.#options.store.commit({ expect: [{ key, revision }], put })) return changed
    }
  }

  #newUser(name: string, passwordHash: string, email: string): UserRecord {
    const createdMs = this.#options.clock.nowMs()
    return {
      id: createId(),
      email,
      name,
      passwordHash,
      createdMs,
      tokensSinceMs: 0,
      clusterOperator: false,
    }
  }
}

function parseEmail(text: string): string {
  const email = text.trim().toLowerCase()
  if (EMAIL.test(email)) return email
  throw new VectronError('INVALID_ARGUMENT', `"${text.slice(0, 80)}" is no e-mail address.`, {
    field: 'email',
  })
}

function parseName(text: string): string {
  const name = text.trim()
  if (name.length <= NAME_CHARS_MAX) return name
  throw new VectronError(
    'INVALID_ARGUMENT',
    `The name has ${name.length} characters; the limit is ${NAME_CHARS_MAX}.`,
    { field: 'name' },
  )
}

function checkPassword(password: string, field: string): void {
  const { length } = password
  if (length >= PASSWORD_CHARS_MIN && length <= PASSWORD_CHARS_MAX) return
  throw new VectronError(
    'INVALID_ARGUMENT',
    `A password has ${PASSWORD_CHARS_MIN} to ${PASSWORD_CHARS_MAX} characters; this has ${length}.`,
    { field },
  )
}
