/**
 * Admission of changes of aliases: who may administer each name that an action is about, the alias
 * and what it shall point to.
 */

import { LIMITS, VectronError } from '@vectron/base'
import type { vectron } from '@vectron/contracts'
import type { CallContext, Principal } from '@vectron/rpc'
import { checkBatch, checkCollectionName } from '../check-collection.ts'
import { checkVerb } from './check-verb.ts'
import { prefixOfProject } from './project-names.ts'

type Action = vectron.AliasAction['action']

/**
 * Checks the actions and gives their names the project's prefix.
 *
 * @throws VectronError FORBIDDEN, EMPTY_BATCH, BATCH_TOO_LARGE, MISSING_FIELD, INVALID_NAME
 */
export function admitAliasActions(
  { actions }: vectron.UpdateAliasesRequest,
  principal: Principal,
  call: Pick<CallContext, 'audited'>,
): void {
  checkVerb(principal, 'admin', undefined)
  if (principal.rowRule !== '') {
    const message = 'An alias is about all rows of a collection: a row rule does not allow that.'
    throw new VectronError('FORBIDDEN', message, { subject: 'admin' })
  }
  checkBatch(actions.length, LIMITS.aliasActionsMax, 'actions')
  call.audited = actions.map(({ action }) => describe(action)).join(', ')
  const prefix = prefixOfProject(principal.projectId)
  actions.forEach(({ action }, index) => {
    const names = namesOf(action, `actions[${index}]`)
    for (const [field, name] of Object.entries(names)) {
      checkVerb(principal, 'admin', name)
      checkCollectionName(name, `actions[${index}].${action.case}.${field}`)
    }
    Object.assign(
      action.value as object,
      mapValues(names, (name) => prefix + name),
    )
  })
}

function namesOf(action: Action, field: string): Record<string, string> {
  switch (action.case) {
    case 'create':
    case 'switch': {
      const { alias, collection } = action.value
      return { alias, collection }
    }
    case 'delete':
      return { alias: action.value.alias }
    case undefined:
      throw new VectronError(
        'MISSING_FIELD',
        `${field} needs one of "create", "switch" and "delete".`,
        { field },
      )
  }
}

function describe({ case: kind, value }: Action): string {
  if (kind === undefined) return 'nothing'
  return 'collection' in value
    ? `${kind} ${value.alias} to ${value.collection}`
    : `${kind} ${value.alias}`
}

function mapValues(
  names: Readonly<Record<string, string>>,
  change: (name: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(names).map(([field, name]) => [field, change(name)]))
}
