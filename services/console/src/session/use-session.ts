/** The session in components. */
import type { Profile } from '@vectron/client'
import { useSyncExternalStore } from 'react'
import { type SessionState, session } from './session.ts'

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, () => session.state)
}

/** Inside the frame somebody is always signed in. */
export function useProfile(): Profile {
  const state = useSession()
  if (state.kind === 'signed-in') return state.profile
  return NOBODY
}

/** For the moment in which a page is shown still while its person logs out. */
const NOBODY: Profile = { userId: '', email: '', name: '', createTime: '', projects: [] }
