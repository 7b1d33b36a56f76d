/** Aliases: changed by placement, listed from the routing. */

import { toVectronError, VectronError } from '@vectron/base'
import type { placement, vectron } from '@vectron/contracts'
import type { Router, RoutingTable } from '@vectron/routing'
import type { CallContext, Client } from '@vectron/rpc'
import { maySee } from './access/check-verb.ts'
import { isOfProject, prefixOfProject } from './access/project-names.ts'

export interface AliasesContext {
  readonly router: Router
  readonly placement: Client<typeof placement.Placement>
}

/** A request that begins after the answer is about what the aliases point to now. */
export async function updateAliases(
  { router, placement }: AliasesContext,
  { actions }: vectron.UpdateAliasesRequest,
  { deadline }: Pick<CallContext, 'deadline'>,
): Promise<{ aliases: AliasPair[] }> {
  await placement.updateAliases({ actions }, { timeoutMs: deadline.remainingMs() })
  const named = new Set(actions.map(({ action }) => action.value?.alias))
  const table = await reload(router)
  return { aliases: pairsOf(table).filter(({ alias }) => named.has(alias)) }
}

export async function listAliases(
  router: Router,
  { collection }: vectron.ListAliasesRequest,
  { principal }: CallContext,
): Promise<{ aliases: AliasPair[] }> {
  const prefix = prefixOfProject(principal?.projectId ?? '')
  const wanted = collection === '' ? undefined : prefix + collection
  const isSeen = (innerName: string) => maySee(principal, innerName.slice(prefix.length))
  const aliases = pairsOf(await router.refresh()).filter(
    ({ alias, collection: target }) =>
      isOfProject(alias, prefix) &&
      (wanted === undefined || wanted === target) &&
      isSeen(alias) &&
      isSeen(target),
  )
  return { aliases }
}

interface AliasPair {
  readonly alias: string
  readonly collection: string
}

function pairsOf({ aliases }: RoutingTable): AliasPair[] {
  return [...aliases].map(([alias, collection]) => ({ alias, collection }))
}

/** By a call of its own: one that others wait for may have begun before the change. */
async function reload(router: Router): Promise<RoutingTable> {
  try {
    return await router.reload()
  } catch (error) {
    const { message } = toVectronError(error)
    throw new VectronError(
      'OUTCOME_UNKNOWN',
      `The aliases are changed, but this gateway has not learnt of it yet: ${message}`,
      { subject: 'placement', cause: error },
    )
  }
}
