/**
 * Sessions of browsers: sign in, stay signed in over reloads, change the password, log out.
 *
 * The authenticator's own sessions, with the refresh token in a cookie that scripts cannot read;
 * the page gets the access token alone and keeps it in memory. Every route is closed to other sites
 * (same-site.ts).
 */
import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import { isVectronError } from '@vectron/base'
import { auth, CALLER_ADDRESS_HEADER } from '@vectron/contracts'
import {
  type Client,
  formatMessage,
  type PlainAnswer,
  type PlainRequest,
  type PlainRoute,
  parseMessage,
} from '@vectron/rpc'
import { type RefreshClock, RefreshOnce } from './refresh-once.ts'
import { checkSameSite } from './same-site.ts'
import { clearCookie, readCookie, SESSION_PATH, setCookie } from './session-cookie.ts'

type Accounts = Client<typeof auth.Accounts>

export interface BrowserSessionsOptions {
  readonly accounts: Accounts
  readonly clock: RefreshClock
}

export function browserSessionRoutes({ accounts, clock }: BrowserSessionsOptions): PlainRoute[] {
  const refresh = new RefreshOnce((refreshToken) => accounts.refresh({ refreshToken }), clock)
  return [
    // Whether somebody is signed in is no error either way, so this is never a 401.
    route('resume', async (request) => {
      const token = readCookie(request)
      const session = token === undefined ? undefined : await refresh.of(token)
      return session === undefined ? endedAnswer(request) : sessionAnswer(request, session)
    }),
    route('link', async (request) => {
      const asked = parseBody(auth.RedeemSignInLinkRequestSchema, request)
      return sessionAnswer(request, await accounts.redeemSignInLink(asked, around(request)))
    }),
    route('login', async (request) => {
      const asked = parseBody(auth.LogInRequestSchema, request)
      return sessionAnswer(request, await accounts.logIn(asked, around(request)))
    }),
    route('register', async (request) => {
      const asked = parseBody(auth.RegisterRequestSchema, request)
      return sessionAnswer(request, await accounts.register(asked, around(request)))
    }),
    route('password', async (request) => {
      const asked = parseBody(auth.ChangePasswordRequestSchema, request)
      return sessionAnswer(request, await accounts.changePassword(asked, around(request)))
    }),
    route('logout', async (request) => {
      const asked = parseBody(auth.LogOutRequestSchema, request)
      const token = readCookie(request)
      const session = token === undefined ? undefined : await refresh.of(token)
      if (session !== undefined) {
        const headers = { authorization: `Bearer ${session.accessToken}` }
        await accounts.logOut(asked, { headers }).catch(unlessEnded)
      }
      if (token !== undefined) refresh.forget(token)
      return endedAnswer(request)
    }),
  ]
}

function route(name: string, handle: (request: PlainRequest) => Promise<PlainAnswer>): PlainRoute {
  return {
    verb: 'POST',
    path: `${SESSION_PATH}/${name}`,
    handle: (request) => {
      checkSameSite(request)
      return handle(request)
    },
  }
}

/** As bodies of the API are parsed. */
function parseBody<D extends DescMessage>(schema: D, { body }: PlainRequest): MessageShape<D> {
  return parseMessage(schema, body.length === 0 ? '{}' : body.toString('utf8'))
}

/** What the authenticator is told of who calls. */
function around({ header, peer }: PlainRequest) {
  const authorization = header('authorization')
  return {
    headers: {
      [CALLER_ADDRESS_HEADER]: peer,
      ...(authorization === undefined ? {} : { authorization }),
    },
  }
}

function sessionAnswer(request: PlainRequest, session: auth.Session): PlainAnswer {
  const { refreshToken, ...shown } = JSON.parse(formatMessage(auth.SessionSchema, session))
  return answer({ session: shown }, setCookie(request, refreshToken))
}

function endedAnswer(request: PlainRequest): PlainAnswer {
  return answer({ session: null }, clearCookie(request))
}

function answer(body: object, cookie: string): PlainAnswer {
  return {
    status: 200,
    contentType: 'application/json; charset=utf-8',
    body: JSON.stringify(body),
    headers: { 'cache-control': 'no-store', 'set-cookie': cookie },
  }
}

/** A session that is gone already has ended too. */
function unlessEnded(error: unknown): void {
  if (!isVectronError(error, 'WRONG_KEY')) throw error
}
