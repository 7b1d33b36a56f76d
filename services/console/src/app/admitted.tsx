/**
 * Shows a page only to those whom it is for: others are told whom to ask. The navigation does not
 * lead them here, but an address that was passed on does.
 */
import { useQuery } from '@tanstack/react-query'
import { useMatches } from '@tanstack/react-router'
import Lock from 'lucide-react/icons/lock'
import type { ReactNode } from 'react'
import { principalQuery } from '../api/principal.ts'
import { EmptyState } from '../kit/empty-state.tsx'
import { ButtonLink } from '../kit/links.tsx'
import { PageFrame } from '../kit/page-frame.tsx'
import { PageWaiting } from '../kit/page-waiting.tsx'
import { type Need, useMay } from '../session/may.ts'
import { useProject } from '../session/project.ts'

export function Admitted({ children }: { readonly children: ReactNode }) {
  const page = useMatches().at(-1)?.staticData.page
  const { isPending } = useQuery(principalQuery(useProject()?.projectId ?? ''))
  const may = useMay()
  if (page?.needs === undefined || may(page.needs)) return children
  if (page.needs === 'operator' && isPending) return <PageWaiting />
  return (
    <PageFrame title={page.title}>
      <EmptyState
        icon={Lock}
        title="This page is not for you"
        text={WHOM[page.needs]}
        action={<ButtonLink to="/">Go home</ButtonLink>}
      />
    </PageFrame>
  )
}

const WHOM: Readonly<Record<Need, string>> = {
  read: 'It is for members of a project. Ask an admin of one to make you a member.',
  write: 'It is for those who may write to this project. Ask one of its admins.',
  admin: 'It is for admins of this project. Ask its owner for that role.',
  own: 'It is for the owner of this project.',
  operator: 'It is for operators of the cluster. Ask the person who runs this Vectron.',
}
