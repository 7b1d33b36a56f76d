/** Events as placement told them, newest first. */
import { Button, Text } from '@mantine/core'
import type { ClusterEvent } from '@vectron/client'
import { useState } from 'react'
import { EmptyState } from '../../kit/empty-state.tsx'
import { formatClock } from '../../kit/format.ts'
import classes from './event-list.module.css'

/** Shown at first, and more by each click. */
const PAGE = 12

export function EventList({ events }: { readonly events: readonly ClusterEvent[] }) {
  const [shownCount, setShownCount] = useState(PAGE)
  if (events.length === 0) {
    return (
      <EmptyState
        title="No events yet"
        text="Workers that come and go, leaders that change and replicas that move are told here."
      />
    )
  }
  return (
    <>
      <ol className={`panel ${classes['list']}`} aria-label="Events">
        {events.slice(0, shownCount).map(({ eventId, time, text }) => (
          <li key={eventId} className={classes['row']}>
            <Text component="time" dateTime={time} size="xs" className="quiet figures" title={time}>
              {formatClock(time)}
            </Text>
            <Text size="sm" className={classes['text']}>
              {text}
            </Text>
          </li>
        ))}
      </ol>
      {events.length > shownCount && (
        <Button
          variant="subtle"
          color="gray"
          size="xs"
          mt="xs"
          onClick={() => setShownCount(10 * shownCount)}
        >
          {`Show more (${events.length - shownCount})`}
        </Button>
      )}
    </>
  )
}
