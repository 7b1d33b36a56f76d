/**
 * What the person may do, so that nothing is offered that would be refused. The gateway decides;
 * this only spares people a refusal.
 */

import { useQuery } from '@tanstack/react-query'
import type { Role } from '@vectron/client'
import { principalQuery } from '../api/principal.ts'
import { useProject } from './project.ts'

/** `operator`: of the cluster, beside any role. */
export type Need = 'read' | 'write' | 'admin' | 'own' | 'operator'

const RANKS: Readonly<Record<Role, number>> = { reader: 1, writer: 2, admin: 3, owner: 4 }
const NEEDED_RANKS = { read: 1, write: 2, admin: 3, own: 4 } as const

/** Answers for the project that is chosen. */
export function useMay(): (need: Need) => boolean {
  const project = useProject()
  const { data: principal } = useQuery(principalQuery(project?.projectId ?? ''))
  return (need) => {
    if (need === 'operator') return principal?.clusterOperator ?? false
    return project !== undefined && RANKS[project.role] >= NEEDED_RANKS[need]
  }
}
