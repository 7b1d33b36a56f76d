/** On the way to a far row: how far; and what went wrong on the way. */
import { Button, Text } from '@mantine/core'
import { useSyncExternalStore } from 'react'
import { formatCount } from '../../kit/format.ts'
import type { PointPages } from './point-pages.ts'

export function WalkNote({ pages }: { readonly pages: PointPages }) {
  const { walk, error } = useSyncExternalStore(pages.subscribe, () => pages.state)
  if (error !== undefined) {
    return (
      <>
        <Text size="sm" role="alert">
          Rows are missing: {error instanceof Error ? error.message : String(error)}
        </Text>
        <Button size="compact-xs" variant="default" onClick={pages.retry}>
          Try again
        </Button>
      </>
    )
  }
  if (walk === undefined) return null
  return (
    <Text size="sm" className="quiet figures" aria-busy>
      on the way to row {formatCount(walk.to + 1)}, at {formatCount(walk.at)}
    </Text>
  )
}
