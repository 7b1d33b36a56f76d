/** The routes of the gateway that set and clear the cookie of the session. */
import { errorOfResponse, type Profile, VectronApiError } from '@vectron/client'

export type SessionCall =
  | { readonly kind: 'resume' }
  | { readonly kind: 'link'; readonly token: string }
  | { readonly kind: 'login'; readonly email: string; readonly password: string }
  | {
      readonly kind: 'register'
      readonly email: string
      readonly password: string
      readonly name: string
    }
  | {
      readonly kind: 'password'
      readonly currentPassword: string
      readonly newPassword: string
      readonly email: string
    }
  | { readonly kind: 'logout'; readonly everywhere: boolean }

export interface GrantedSession {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
  readonly profile: Profile
}

/** null: nobody is signed in. @throws VectronApiError */
export async function sendSessionCall(
  { kind, ...body }: SessionCall,
  accessToken: string | undefined,
): Promise<GrantedSession | null> {
  const path = `/console/session/${kind}`
  const response = await fetch(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: {
      'content-type': 'application/json',
      // Without it the gateway takes the request for one of another site.
      'x-vectron-console': '1',
      ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
    },
  }).catch((cause: unknown) => {
    throw new VectronApiError('UNREACHABLE', 'The gateway does not answer.', { cause })
  })
  if (!response.ok) throw await errorOfResponse(response)
  const answer = (await response.json()) as { readonly session: GrantedSession | null }
  return answer.session
}
