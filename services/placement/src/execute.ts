/** Carries a command out on the catalog for a caller, who hears of a refusal as an error. */

import { type Deadline, VectronError } from '@vectron/base'
import type { placement } from '@vectron/contracts'
import type { CatalogResult } from './catalog.ts'
import type { PlacementContext } from './context.ts'

/** @throws VectronError with the reason of the refusal; NOT_LEADER, OUTCOME_UNKNOWN */
export async function execute(
  { catalog, leadership }: Pick<PlacementContext, 'catalog' | 'leadership'>,
  command: placement.CatalogCommand['command'],
  deadline: Deadline,
): Promise<CatalogResult> {
  leadership.check()
  const result = await catalog.execute(command, deadline)
  if (result.kind === 'refused') throw new VectronError(result.reason, result.message)
  return result
}
