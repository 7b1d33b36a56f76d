/**
 * Collections of different projects may have one name: inside, a collection is called
 * `<project>/<name>`; those of the default project are called by their name alone.
 *
 * "/" is in no name that a user can give, so no project reaches another's collections.
 */

import { DEFAULT_PROJECT } from '@vectron/contracts'

/** What stands before the names of a project's collections. */
export function prefixOfProject(projectId: string): string {
  return projectId === DEFAULT_PROJECT ? '' : `${projectId}/`
}

/** Whether an inner name is of the project with this prefix. */
export function isOfProject(innerName: string, prefix: string): boolean {
  return prefix === '' ? !innerName.includes('/') : innerName.startsWith(prefix)
}
