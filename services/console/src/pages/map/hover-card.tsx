/** What the hovered point is: its id and the first fields of its payload. */
import { useEffect, useState } from 'react'
import { valueText } from '../../kit/payload-path.ts'
import classes from './hover-card.module.css'
import type { MapSession } from './map-session.ts'
import type { Hovered } from './map-stage.ts'

export interface HoverCardProps {
  readonly hovered: Hovered
  readonly id: string
  readonly session: MapSession
}

const FIELDS_MAX = 6

interface Found {
  readonly point: number
  readonly payload: Readonly<Record<string, unknown>>
}

export function HoverCard({ hovered, id, session }: HoverCardProps) {
  const { point, at } = hovered
  const [found, setFound] = useState<Found>()
  // That of the point before is nothing of this one.
  const payload = found?.point === point ? found.payload : {}
  useEffect(() => {
    let isLeft = false
    session.call({ kind: 'payload', point }).then((payload) => {
      if (!isLeft) setFound({ point, payload })
    })
    return () => {
      isLeft = true
    }
  }, [session, point])
  return (
    <div
      className={classes['card']}
      style={{ transform: `translate(${at.x + 14}px, ${at.y + 14}px)` }}
      data-hovered={id}
    >
      <div className={classes['id']}>{id}</div>
      <dl>
        {Object.entries(payload)
          .slice(0, FIELDS_MAX)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{valueText(value)}</dd>
            </div>
          ))}
      </dl>
    </div>
  )
}
