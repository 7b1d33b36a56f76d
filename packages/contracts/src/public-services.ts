/** What every gateway serves; `Demo` is bound by some alone. */
import type { DescService } from '@bufbuild/protobuf'
import * as auth from './auth.ts'
import * as vectron from './vectron.ts'

export const PUBLIC_SERVICES: readonly DescService[] = [
  vectron.Collections,
  vectron.Points,
  vectron.Search,
  vectron.Reranking,
  vectron.Feedback,
  vectron.Access,
  vectron.Cluster,
  auth.Accounts,
  auth.Projects,
  auth.ApiKeys,
  auth.Tokens,
]
