/** Projects of the person: made, renamed, and what one used. */
import { queryOptions, useMutation } from '@tanstack/react-query'
import { session } from '../session/session.ts'
import { vectronOf } from './client.ts'

export function usageQuery(projectId: string, days: number) {
  return queryOptions({
    queryKey: [projectId, 'usage', days],
    staleTime: 60_000,
    queryFn: ({ signal }) => vectronOf(projectId).projects.usage(projectId, days, { signal }),
  })
}

export function useCreateProject() {
  return useMutation({
    mutationFn: async (name: string) => {
      const project = await vectronOf('').projects.create(name)
      session.updateProfile(await vectronOf('').account.profile())
      return project
    },
  })
}

export function useRenameProject() {
  return useMutation({
    mutationFn: async ({
      projectId,
      name,
    }: {
      readonly projectId: string
      readonly name: string
    }) => {
      const project = await vectronOf(projectId).projects.change(projectId, { name })
      session.updateProfile(await vectronOf('').account.profile())
      return project
    },
  })
}
