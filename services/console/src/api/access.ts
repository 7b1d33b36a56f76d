/** Keys and members of a project: what is read of them, and what is done to them. */
import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import type { AccessQuestion, AuditQuery, NewApiKey, Role } from '@vectron/client'
import { useProject } from '../session/project.ts'
import { session } from '../session/session.ts'
import { vectronOf } from './client.ts'

/** Milliseconds between two looks: keys are used and revoked elsewhere too. */
const REFRESH_MS = 10_000

export function keysQuery(projectId: string) {
  return queryOptions({
    queryKey: [projectId, 'keys'],
    refetchInterval: REFRESH_MS,
    queryFn: ({ signal }) => vectronOf(projectId).projects.keys(projectId, { signal }),
  })
}

export function membersQuery(projectId: string) {
  return queryOptions({
    queryKey: [projectId, 'members'],
    queryFn: ({ signal }) => vectronOf(projectId).projects.members(projectId, { signal }),
  })
}

/** The text of the new key is in the answer and nowhere else. */
export function useCreateKey() {
  return useKeyMutation((projectId, key: NewApiKey) =>
    vectronOf(projectId).projects.createKey(projectId, key),
  )
}

export function useRevokeKey() {
  return useKeyMutation((projectId, keyId: string) =>
    vectronOf(projectId).projects.revokeKey(projectId, keyId),
  )
}

export function useRotateKey() {
  return useKeyMutation((projectId, keyId: string) =>
    vectronOf(projectId).projects.rotateKey(projectId, keyId),
  )
}

export function useFinishRotation() {
  return useKeyMutation((projectId, keyId: string) =>
    vectronOf(projectId).projects.finishRotation(projectId, keyId),
  )
}

function useKeyMutation<Asked, Answer>(run: (projectId: string, asked: Asked) => Promise<Answer>) {
  const projectId = useProject()?.projectId ?? ''
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (asked: Asked) => run(projectId, asked),
    onSuccess: () => queries.invalidateQueries({ queryKey: [projectId, 'keys'] }),
  })
}

export function useSetMember() {
  return useMemberMutation((projectId, member: { readonly email: string; readonly role: Role }) =>
    vectronOf(projectId).projects.setMember(projectId, member),
  )
}

export function useRemoveMember() {
  return useMemberMutation((projectId, userId: string) =>
    vectronOf(projectId).projects.removeMember(projectId, userId),
  )
}

function useMemberMutation<Asked, Answer>(
  run: (projectId: string, asked: Asked) => Promise<Answer>,
) {
  const projectId = useProject()?.projectId ?? ''
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (asked: Asked) => run(projectId, asked),
    onSuccess: async () => {
      // One's own role may be another now.
      session.updateProfile(await vectronOf('').account.profile())
      await queries.invalidateQueries({ queryKey: [projectId] })
    },
  })
}

/** Whether the key would be let in; nothing is done. */
export function accessQuery(projectId: string, question: AccessQuestion) {
  const { keyId, operation, collection = '' } = question
  return queryOptions({
    queryKey: [projectId, 'access', keyId, operation, collection],
    staleTime: 0,
    queryFn: ({ signal }) => vectronOf(projectId).access.check(question, { signal }),
  })
}

export type AuditFilter = Omit<AuditQuery, 'pageSize' | 'pageToken'>

export function auditQuery(projectId: string, filter: AuditFilter) {
  return infiniteQueryOptions({
    queryKey: [projectId, 'audit', filter],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const query = { ...filter, pageSize: AUDIT_PAGE, pageToken: pageParam }
      return vectronOf(projectId).access.audit(query, { signal })
    },
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  })
}

const AUDIT_PAGE = 50
