/** A whole auth service on a store, with clients that bring a credential: for its tests. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  type AuditEntry,
  type Clock,
  createLogger,
  type Logger,
  NO_AUDIT_LOG,
  systemClock,
  systemRandom,
} from '@vectron/base'
import { auth } from '@vectron/contracts'
import { type Client, createInProcessClient } from '@vectron/rpc'
import { openAuth, type RunningAuth } from './open-auth.ts'
import type { CredentialStore } from './store/credential-store.ts'
import { openSqliteStore } from './store/sqlite-store.ts'

/** Public services and the private one, called with one credential. */
export interface AuthClients {
  readonly accounts: Client<typeof auth.Accounts>
  readonly projects: Client<typeof auth.Projects>
  readonly apiKeys: Client<typeof auth.ApiKeys>
  readonly tokens: Client<typeof auth.Tokens>
  readonly auth: Client<typeof auth.Auth>
}

export interface AuthFixture {
  readonly running: RunningAuth
  readonly store: CredentialStore
  readonly clock: Clock & {
    /** How far the wall clock is ahead. */
    skewMs: number
    /** Time that has passed beside the true one. */
    passedMs: number
  }
  readonly logger: Logger
  readonly audited: AuditEntry[]
  readonly logged: string[]
  /** Clients that send this credential; without one, none. */
  as(credential?: string): AuthClients
}

export interface AuthFixtureOptions {
  /** Default: SQLite in a fresh folder. */
  readonly store?: CredentialStore
  readonly registration?: 'open' | 'closed'
}

const MASTER_KEY = new Uint8Array(32).fill(7)

export async function openAuthFixture(
  t: TestContext,
  { store = openTemporaryStore(t), registration = 'open' }: AuthFixtureOptions = {},
): Promise<AuthFixture> {
  const clock = {
    ...systemClock,
    skewMs: 0,
    passedMs: 0,
    nowMs(): number {
      return systemClock.nowMs() + this.skewMs + this.passedMs
    },
    monotonicUs(): number {
      return systemClock.monotonicUs() + this.passedMs * 1000
    },
  }
  const audited: AuditEntry[] = []
  const logged: string[] = []
  const logger = createLogger({
    name: 'auth',
    level: 'trace',
    write: (line) => logged.push(line),
  })
  const running = await openAuth({
    store,
    masterKey: MASTER_KEY,
    issuer: 'test',
    registration,
    clock,
    random: systemRandom,
    logger,
    auditLog: { ...NO_AUDIT_LOG, write: (entry) => audited.push(entry) },
  })
  return { running, store, clock, logger, audited, logged, as: (key) => clientsOf(running, key) }
}

function openTemporaryStore(t: TestContext): CredentialStore {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-auth-'))
  const store = openSqliteStore(join(folder, 'credentials.db'), systemClock)
  t.after(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })
  return store
}

function clientsOf({ auth: own, publicServices }: RunningAuth, credential?: string): AuthClients {
  const headers = credential === undefined ? {} : { authorization: `Bearer ${credential}` }
  const clientOf = <S extends Parameters<typeof createInProcessClient>[0]>(desc: S): Client<S> => {
    const service = [own, ...publicServices].find((bound) => bound.desc === desc)
    if (service === undefined) throw new Error(`${desc.typeName} is not served`)
    return withHeaders(createInProcessClient(desc, service), headers)
  }
  return {
    accounts: clientOf(auth.Accounts),
    projects: clientOf(auth.Projects),
    apiKeys: clientOf(auth.ApiKeys),
    tokens: clientOf(auth.Tokens),
    auth: clientOf(auth.Auth),
  }
}

type AnyMethod = (request: unknown, options: object) => unknown

function withHeaders<C extends object>(client: C, headers: Record<string, string>): C {
  return new Proxy(client, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as AnyMethod
      return (request: unknown, options: object = {}) => method(request, { ...options, headers })
    },
  })
}
