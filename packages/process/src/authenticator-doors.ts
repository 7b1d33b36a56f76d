/** Everything that a gateway asks of the authenticator, by one way to make a client. */
import type { DescService } from '@bufbuild/protobuf'
import { auth } from '@vectron/contracts'
import type { AuthenticatorDoors } from '@vectron/gateway-service'
import type { Client } from '@vectron/rpc'

export function authenticatorDoors(
  client: <S extends DescService>(desc: S) => Client<S>,
): AuthenticatorDoors {
  return {
    auth: client(auth.Auth),
    accounts: client(auth.Accounts),
    projects: client(auth.Projects),
    apiKeys: client(auth.ApiKeys),
    tokens: client(auth.Tokens),
  }
}
