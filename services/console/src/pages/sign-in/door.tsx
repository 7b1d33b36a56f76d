/** What the pages before the console share: the mark, one panel, and the way in once signed in. */
import { Stack, Title } from '@mantine/core'
import { Navigate } from '@tanstack/react-router'
import { type ReactNode, useEffect } from 'react'
import { Logo } from '../../app/logo.tsx'
import { useSession } from '../../session/use-session.ts'
import classes from './door.module.css'

export interface DoorProps {
  readonly title: string
  /** Where to go once somebody is signed in; an address within the console. */
  readonly next: string | undefined
  readonly children: ReactNode
}

export function Door({ title, next, children }: DoorProps) {
  const { kind } = useSession()
  useEffect(() => {
    document.title = `${title} · Vectron`
  }, [title])
  if (kind === 'signed-in') return <Navigate to={inside(next)} replace />
  return (
    <main className={classes['door']}>
      <Logo />
      <Stack className={`panel ${classes['panel']}`} gap="md">
        <Title order={1}>{title}</Title>
        {children}
      </Stack>
    </main>
  )
}

/** Nobody is led to another host by a link to this page. */
function inside(next: string | undefined): string {
  return next?.startsWith('/') && !next.startsWith('//') && !next.includes('\\') ? next : '/'
}
