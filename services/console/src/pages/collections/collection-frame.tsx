/** What the pages of one collection stand in: its name, and the way between them. */
import { Breadcrumbs } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { TextLink } from '../../kit/links.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import classes from './collection-frame.module.css'

export interface CollectionFrameProps {
  readonly name: string
  readonly about?: ReactNode
  readonly actions?: ReactNode
  readonly width?: 'reading' | 'full'
  readonly children: ReactNode
}

const TABS = [
  { to: '/collections/$name', label: 'Overview' },
  { to: '/collections/$name/points', label: 'Points' },
] as const

export function CollectionFrame({ name, children, ...frame }: CollectionFrameProps) {
  return (
    <PageFrame
      {...frame}
      title={name}
      trail={
        <Breadcrumbs mb={4}>
          <TextLink to="/collections" size="sm">
            Collections
          </TextLink>
        </Breadcrumbs>
      }
    >
      <nav className={classes['tabs']} aria-label="Of this collection">
        {TABS.map(({ to, label }) => (
          <Link
            key={to}
            to={to}
            params={{ name }}
            className={classes['tab']}
            activeOptions={{ exact: true, includeSearch: false }}
          >
            {label}
          </Link>
        ))}
      </nav>
      {children}
    </PageFrame>
  )
}
