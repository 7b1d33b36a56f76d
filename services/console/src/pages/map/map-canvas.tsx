/** The map as a part of the page: the stage, its buttons, the card of a hovered point, the pins. */
import { ActionIcon, Tooltip } from '@mantine/core'
import Lasso from 'lucide-react/icons/lasso'
import Maximize from 'lucide-react/icons/maximize'
import Minus from 'lucide-react/icons/minus'
import Move from 'lucide-react/icons/move'
import Plus from 'lucide-react/icons/plus'
import { type RefObject, useEffect, useRef, useState } from 'react'
import { formatPlural } from '../../kit/format.ts'
import type { Coloring } from './coloring.ts'
import { channelsOf } from './coloring.ts'
import { HoverCard } from './hover-card.tsx'
import classes from './map-canvas.module.css'
import type { MapSession } from './map-session.ts'
import { type Hand, type Hovered, MapStage } from './map-stage.ts'
import { MARK } from './point-plot.ts'

const KEYS = 'Arrow keys move it, plus and minus zoom, 0 shows all of it.'

export interface Pin {
  readonly label: string
  readonly x: number
  readonly y: number
}

export interface MapCanvasProps {
  readonly ids: readonly string[]
  readonly positions: Float32Array
  readonly coloring: Coloring
  readonly session: MapSession
  readonly prefer: 'webgl' | 'canvas'
  readonly selected: readonly number[]
  /** Points that stand out: what a pinned query finds. */
  readonly hits: readonly number[]
  readonly pin: Pin | undefined
  readonly onSelect: (points: readonly number[]) => void
  /** Filled while the stage is there. */
  readonly stage: RefObject<MapStage | null>
}

export function MapCanvas(props: MapCanvasProps) {
  const { ids, positions, coloring, session, prefer, selected, hits, pin, onSelect, stage } = props
  const place = useRef<HTMLDivElement>(null)
  const line = useRef<SVGPathElement>(null)
  const [hand, setHand] = useState<Hand>('pan')
  const [hovered, setHovered] = useState<Hovered>()
  const [kind, setKind] = useState<'webgl' | 'canvas'>()
  const select = useRef(onSelect)
  select.current = onSelect

  useEffect(() => {
    if (place.current === null || line.current === null) return
    const made = new MapStage({
      place: place.current,
      line: line.current,
      prefer,
      onHover: setHovered,
      onSelect: (points) => select.current(points),
    })
    stage.current = made
    setKind(made.kind)
    return () => {
      stage.current = null
      made.close()
    }
  }, [prefer, stage])

  // biome-ignore lint/correctness/useExhaustiveDependencies: another kind of plot is shown anew
  useEffect(() => {
    const colors = colorsOf(coloring)
    stage.current?.show({ positions, colors, marks: marksOf(ids.length, selected, hits) })
  }, [positions, coloring, selected, hits, ids, kind, stage])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the pin stands where it is told to
  useEffect(() => stage.current?.pinsChanged(), [pin, stage])
  useEffect(() => stage.current?.setHand(hand), [hand, stage])

  return (
    <div className={`panel ${classes['frame']}`}>
      <div
        ref={place}
        className={classes['place']}
        data-hand={hand}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the map
        tabIndex={0}
        role="application"
        aria-label={`Map of ${formatPlural(ids.length, 'point')}. ${KEYS}`}
      >
        {pin !== undefined && (
          <div className={classes['pin']} data-pin={`${pin.x} ${pin.y}`}>
            <span className={classes['needle']} />
            <span className={classes['label']}>{pin.label}</span>
          </div>
        )}
        <svg className={classes['lasso']} aria-hidden="true">
          <path ref={line} />
        </svg>
      </div>
      {hovered !== undefined && ids[hovered.point] !== undefined && (
        <HoverCard hovered={hovered} id={ids[hovered.point] ?? ''} session={session} />
      )}
      <div className={classes['tools']}>
        <Tool label="Move the map" pressed={hand === 'pan'} onClick={() => setHand('pan')}>
          <Move size={16} />
        </Tool>
        <Tool
          label="Select with a lasso"
          pressed={hand === 'lasso'}
          onClick={() => setHand('lasso')}
        >
          <Lasso size={16} />
        </Tool>
        <Tool label="Zoom in" onClick={() => stage.current?.zoomBy(1.6)}>
          <Plus size={16} />
        </Tool>
        <Tool label="Zoom out" onClick={() => stage.current?.zoomBy(1 / 1.6)}>
          <Minus size={16} />
        </Tool>
        <Tool label="Show all" onClick={() => stage.current?.fit()}>
          <Maximize size={16} />
        </Tool>
      </div>
    </div>
  )
}

interface ToolProps {
  readonly label: string
  readonly pressed?: boolean
  readonly onClick: () => void
  readonly children: React.ReactNode
}

function Tool({ label, pressed, onClick, children }: ToolProps) {
  return (
    <Tooltip label={label} position="left">
      <ActionIcon
        variant={pressed ? 'light' : 'subtle'}
        color={pressed ? 'jade' : 'gray'}
        aria-label={label}
        aria-pressed={pressed}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  )
}

function colorsOf({ codes, colors }: Coloring): Uint8Array {
  const channels = colors.map(channelsOf)
  const all = new Uint8Array(3 * codes.length)
  for (let point = 0; point < codes.length; point += 1) {
    all.set(channels[codes[point] as number] ?? [138, 148, 161], 3 * point)
  }
  return all
}

function marksOf(count: number, selected: readonly number[], hits: readonly number[]): Uint8Array {
  const isChosen = selected.length > 0 || hits.length > 0
  const marks = new Uint8Array(count).fill(isChosen ? MARK.faint : MARK.plain)
  for (const point of selected) marks[point] = MARK.plain
  for (const point of hits) marks[point] = MARK.strong
  return marks
}
