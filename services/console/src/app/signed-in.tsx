/** Lets only those in who are signed in; others sign in first and come back to where they were. */
import { Center, Loader } from '@mantine/core'
import { useLocation, useNavigate } from '@tanstack/react-router'
import { type ReactNode, useEffect, useState } from 'react'
import { unreachable } from '../kit/unreachable.ts'
import { useSession } from '../session/use-session.ts'

export function SignedIn({ children }: { readonly children: ReactNode }) {
  const state = useSession()
  switch (state.kind) {
    case 'starting':
      return <Waiting />
    case 'signed-out':
      return <GoToSignIn />
    case 'signed-in':
      return children
    default:
      return unreachable(state)
  }
}

function Waiting() {
  return (
    <Center h="100vh" aria-busy>
      <Loader size="sm" type="dots" aria-label="Signing in" />
    </Center>
  )
}

/** Goes once: the address changes while this is shown still. */
function GoToSignIn() {
  const navigate = useNavigate()
  const { href } = useLocation()
  const [next] = useState(href)
  useEffect(() => {
    navigate({ to: '/sign-in', search: next === '/' ? {} : { next }, replace: true })
  }, [navigate, next])
  return <Waiting />
}
