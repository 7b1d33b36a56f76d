/**
 * The SDK with the session of this browser: its token, its project, a new token when one has ended.
 *
 * Everything that the console asks the API goes through `vectronOf`, so types and errors are the
 * SDK's own.
 */
import { Vectron } from '@vectron/client'
import { PROJECT_HEADER } from '../session/project.ts'
import { session } from '../session/session.ts'

const clients = new Map<string, Vectron>()

/** The client for what belongs to a project. */
export function vectronOf(projectId: string): Vectron {
  let client = clients.get(projectId)
  if (client === undefined) {
    client = new Vectron({ url: '', fetch: (input, init) => apiFetch(projectId, input, init) })
    clients.set(projectId, client)
  }
  return client
}

/** For calls that the SDK has no method for: the token and the project are added. */
export async function apiFetch(
  projectId: string,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  const response = await send(projectId, input, init)
  if (response.status !== 401) return response
  // The session may have been ended elsewhere; then this leads to the sign-in page.
  await session.resume()
  return session.state.kind === 'signed-in' ? send(projectId, input, init) : response
}

async function send(
  projectId: string,
  input: string | URL | Request,
  init: RequestInit,
): Promise<Response> {
  const token = await session.freshToken()
  const headers = new Headers(init.headers)
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
  if (projectId !== '') headers.set(PROJECT_HEADER, projectId)
  return fetch(input, { ...init, headers })
}
