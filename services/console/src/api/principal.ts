/** What the person's token allows in a project, as the authenticator sees it. */
import { queryOptions } from '@tanstack/react-query'
import { errorOfResponse } from '@vectron/client'
import { session } from '../session/session.ts'
import { apiFetch } from './client.ts'

export interface Principal {
  readonly role: string
  /** May run the cluster: drain, move, stop. */
  readonly clusterOperator: boolean
}

export function principalQuery(projectId: string) {
  return queryOptions({
    queryKey: [projectId, 'principal'],
    staleTime: 60_000,
    queryFn: async (): Promise<Principal | null> => {
      const token = await session.freshToken()
      const response = await apiFetch(projectId, '/v1/auth/tokens:validate', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      })
      if (!response.ok) throw await errorOfResponse(response)
      const { principal } = (await response.json()) as { readonly principal?: Principal }
      return principal ?? null
    },
  })
}
