/**
 * The project that the console is about: the one that the address names, or the person's first.
 *
 * Calls of the API name it in a header; its id is part of every query key, so that nothing of one
 * project is ever shown under another.
 */

import { useSearch } from '@tanstack/react-router'
import type { Project } from '@vectron/client'
import { useProfile } from './use-session.ts'

export const PROJECT_HEADER = 'x-vectron-project'

/** undefined for a person without projects. */
export function useProject(): Project | undefined {
  const { projects } = useProfile()
  const { project: wanted } = useSearch({ strict: false }) as { readonly project?: string }
  return projects.find(({ projectId }) => projectId === wanted) ?? projects[0]
}
