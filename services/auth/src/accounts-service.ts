/** The handlers of auth.v1.Accounts. */

import type { auth } from '@vectron/contracts'
import type { CallContext, ServiceHandlers } from '@vectron/rpc'
import type { AuthContext } from './auth-context.ts'
import { addressOf, personOf } from './caller.ts'
import { toProfile } from './messages.ts'
import type { SessionTokens } from './sessions.ts'

export class AccountsService implements ServiceHandlers<typeof auth.Accounts> {
  readonly #context: AuthContext

  constructor(context: AuthContext) {
    this.#context = context
  }

  async register({ email, password, name }: auth.RegisterRequest, call: CallContext) {
    const { accounts, audit } = this.#context
    const tokens = await accounts.register({ email, password, name }, addressOf(call))
    audit(call, 'account.register', { userId: tokens.userId })
    return this.#answer(tokens)
  }

  async logIn({ email, password }: auth.LogInRequest, call: CallContext) {
    const { accounts, audit } = this.#context
    const tokens = await accounts.logIn({ email, address: addressOf(call) }, password)
    audit(call, 'account.log-in', { userId: tokens.userId })
    return this.#answer(tokens)
  }

  async refresh({ refreshToken }: auth.RefreshRequest) {
    const { sessions } = this.#context
    return this.#answer(await sessions.refresh(refreshToken))
  }

  async logOut({ everywhere }: auth.LogOutRequest, call: CallContext) {
    const { accounts, sessions, principals, audit } = this.#context
    const { userId, sessionId } = await personOf(principals, call)
    if (everywhere) await accounts.logOutEverywhere(userId)
    else await sessions.end(userId, sessionId)
    audit(call, everywhere ? 'account.log-out-everywhere' : 'account.log-out', { userId })
    return {}
  }

  async redeemSignInLink({ token }: auth.RedeemSignInLinkRequest, call: CallContext) {
    const { accounts, audit } = this.#context
    const tokens = await accounts.redeemLink(token)
    audit(call, 'account.sign-in-link', { userId: tokens.userId })
    return this.#answer(tokens)
  }

  async getProfile(_request: auth.GetProfileRequest, call: CallContext) {
    const { principals } = this.#context
    const { userId } = await personOf(principals, call)
    return this.#profileOf(userId)
  }

  async updateProfile({ name }: auth.UpdateProfileRequest, call: CallContext) {
    const { accounts, principals } = this.#context
    const { userId } = await personOf(principals, call)
    if (name !== undefined) await accounts.rename(userId, name)
    return this.#profileOf(userId)
  }

  async changePassword(
    { currentPassword, newPassword, email }: auth.ChangePasswordRequest,
    call: CallContext,
  ) {
    const { accounts, principals, audit } = this.#context
    const { userId, sessionId } = await personOf(principals, call)
    const tokens = await accounts.changePassword({
      userId,
      sessionId,
      currentPassword,
      newPassword,
      email,
      address: addressOf(call),
    })
    audit(call, 'account.change-password', { userId })
    return this.#answer(tokens)
  }

  async deleteAccount({ password }: auth.DeleteAccountRequest, call: CallContext) {
    const { accounts, principals, audit } = this.#context
    const { userId } = await personOf(principals, call)
    await accounts.remove(userId, password)
    audit(call, 'account.delete', { userId })
    return {}
  }

  async #profileOf(userId: string): Promise<auth.Profile> {
    const { accounts, projects } = this.#context
    return toProfile(await accounts.profile(userId), await projects.listOf(userId))
  }

  async #answer(tokens: SessionTokens) {
    return {
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken,
      expiresIn: tokens.expiresInSeconds,
      profile: await this.#profileOf(tokens.userId),
    }
  }
}
