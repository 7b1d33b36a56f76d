/** Projects of the authenticator: members, API keys, plan and usage. */
import type {
  ApiKey,
  CreatedApiKey,
  DayUsage,
  KeyScope,
  Member,
  NewApiKey,
  PlanLimits,
  Project,
  Role,
  Token,
} from './account-resources.ts'
import type { Call, CallOptions, Transport } from './transport.ts'

const AUTH = '/v1/auth'
const PROJECTS = `${AUTH}/projects`

export interface ProjectChange {
  readonly name?: string
  /** "free", "paid" or "custom"; only operators of the cluster may change it. */
  readonly plan?: string
  /** With plan "custom". */
  readonly limits?: Partial<PlanLimits>
}

export class Projects {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  create(name: string, options?: CallOptions): Promise<Project> {
    return this.#send('POST', PROJECTS, { name }, options)
  }

  async list(options?: CallOptions): Promise<readonly Project[]> {
    return (await this.#get<{ projects: Project[] }>(PROJECTS, options)).projects
  }

  get(projectId: string, options?: CallOptions): Promise<Project> {
    return this.#get(pathOf(projectId), options)
  }

  change(projectId: string, change: ProjectChange, options?: CallOptions): Promise<Project> {
    return this.#send('PATCH', pathOf(projectId), change, options)
  }

  async remove(projectId: string, options?: CallOptions): Promise<void> {
    await this.#send('DELETE', pathOf(projectId), undefined, options)
  }

  async members(projectId: string, options?: CallOptions): Promise<readonly Member[]> {
    const path = `${pathOf(projectId)}/members`
    return (await this.#get<{ members: Member[] }>(path, options)).members
  }

  /** Adds a member, or changes the role of one. */
  setMember(
    projectId: string,
    member: { readonly email: string; readonly role: Role },
    options?: CallOptions,
  ): Promise<Member> {
    return this.#send('POST', `${pathOf(projectId)}/members`, member, options)
  }

  async removeMember(projectId: string, userId: string, options?: CallOptions): Promise<void> {
    const path = `${pathOf(projectId)}/members/${encodeURIComponent(userId)}`
    await this.#send('DELETE', path, undefined, options)
  }

  /** The last days, oldest first. */
  async usage(projectId: string, days = 30, options?: CallOptions): Promise<readonly DayUsage[]> {
    const path = `${pathOf(projectId)}/usage?days=${days}`
    return (await this.#get<{ days: DayUsage[] }>(path, options)).days
  }

  /** The key's text is in this answer and nowhere else. Never retried. */
  createKey(projectId: string, key: NewApiKey, options?: CallOptions): Promise<CreatedApiKey> {
    return this.#send('POST', `${pathOf(projectId)}/keys`, key, options)
  }

  async keys(projectId: string, options?: CallOptions): Promise<readonly ApiKey[]> {
    return (await this.#get<{ keys: ApiKey[] }>(`${pathOf(projectId)}/keys`, options)).keys
  }

  /** Refused everywhere within a second. */
  revokeKey(projectId: string, keyId: string, options?: CallOptions): Promise<ApiKey> {
    const path = `${pathOf(projectId)}/keys/${encodeURIComponent(keyId)}:revoke`
    return this.#send('POST', path, {}, options)
  }

  /** A second secret; both count until `finishRotation`. */
  rotateKey(projectId: string, keyId: string, options?: CallOptions): Promise<CreatedApiKey> {
    const path = `${pathOf(projectId)}/keys/${encodeURIComponent(keyId)}:rotate`
    return this.#send('POST', path, {}, options)
  }

  async finishRotation(projectId: string, keyId: string, options?: CallOptions): Promise<ApiKey> {
    const path = `${pathOf(projectId)}/keys/${encodeURIComponent(keyId)}:rotate`
    return (await this.#send<CreatedApiKey>('POST', path, { finish: true }, options)).key
  }

  /** Exchanges the client's own API key for a short-lived token that may do no more. */
  createToken(
    wanted: { readonly scopes?: readonly KeyScope[]; readonly lifetimeSeconds?: number } = {},
    options?: CallOptions,
  ): Promise<Token> {
    return this.#send('POST', `${AUTH}/tokens`, wanted, options)
  }

  #get<Answer>(path: string, options?: CallOptions): Promise<Answer> {
    return this.#transport.call({ method: 'GET', path, idempotent: true }, options)
  }

  #send<Answer>(
    method: Call['method'],
    path: string,
    body: unknown,
    options?: CallOptions,
  ): Promise<Answer> {
    const call = { method, path, idempotent: false, ...(body === undefined ? {} : { body }) }
    return this.#transport.call(call, options)
  }
}

function pathOf(projectId: string): string {
  return `${PROJECTS}/${encodeURIComponent(projectId)}`
}
