/**
 * Which rows of very many are in sight, for a list of rows of one height that scrolls by itself.
 *
 * Only those in sight, and a few around them, are laid out, one behind the other in an element that
 * is moved to where they belong. Beyond what browsers can lay out, row-span.ts says what the
 * scrollbar means.
 */
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { isScaled, offsetAt, type Span, spanOf, topAt } from './row-span.ts'

export interface RowWindow {
  /** First row to lay out. */
  readonly first: number
  /** Behind the last one. */
  readonly end: number
  /** Pixels from the top of the rows' element to the first row. */
  readonly top: number
  /** Pixels of the rows' element. */
  readonly height: number
  /** Rows that are wholly in sight, for PageUp and PageDown. */
  readonly rowsInSight: number
  /** Scrolls as little as brings the row into sight. */
  readonly reveal: (row: number) => void
  /** Scrolls so that the row is the first in sight. */
  readonly jump: (row: number) => void
}

export interface RowWindowOptions {
  readonly scroller: RefObject<HTMLElement | null>
  readonly count: number
  /** Pixels. */
  readonly rowHeight: number
  /** Pixels at the top that a heading covers. */
  readonly headHeight: number
}

/** Laid out beyond what is in sight, so that a quick scroll shows no gap. */
const SPARE_ROWS = 12

export function useRowWindow(options: RowWindowOptions): RowWindow {
  const { scroller, count, rowHeight, headHeight } = options
  const view = useViewHeight(scroller, headHeight)
  const span = spanOf(count * rowHeight, view)
  const { offset, top, move } = useOffset(scroller, span)
  const scaled = isScaled(span)
  useWheel(scroller, scaled, (pixels) => move(offset + pixels))
  const first = Math.max(0, Math.floor(offset / rowHeight) - SPARE_ROWS)
  return {
    first,
    end: Math.min(count, Math.ceil((offset + view) / rowHeight) + SPARE_ROWS),
    top: scaled ? top + first * rowHeight - offset : first * rowHeight,
    height: span.element,
    rowsInSight: Math.max(1, Math.floor(view / rowHeight)),
    jump: (row) => move(row * rowHeight),
    reveal: (row) => {
      const [start, stop] = [row * rowHeight, (row + 1) * rowHeight]
      if (start < offset) move(start)
      else if (stop > offset + view) move(stop - view)
    },
  }
}

type Scroller = RefObject<HTMLElement | null>

/** Pixels in which rows are seen. */
function useViewHeight(scroller: Scroller, headHeight: number): number {
  const [view, setView] = useState(600)
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return
    const measure = () => setView(Math.max(1, element.clientHeight - headHeight))
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [scroller, headHeight])
  return view
}

interface Place {
  /** Of the rows, in pixels. */
  readonly offset: number
  /** Of the element. */
  readonly top: number
}

/** Where the rows are scrolled to, by the person or by `move`. */
function useOffset(scroller: Scroller, span: Span): Place & { move: (offset: number) => void } {
  const [place, setPlace] = useState<Place>({ offset: 0, top: 0 })
  const newest = useRef(span)
  newest.current = span
  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const onScroll = () => {
      const top = element.scrollTop
      // What is told of the very place where `move` went is no news.
      setPlace((before) =>
        Math.abs(before.top - top) < 1 ? before : { offset: offsetAt(newest.current, top), top },
      )
    }
    element.addEventListener('scroll', onScroll, { passive: true })
    return () => element.removeEventListener('scroll', onScroll)
  }, [scroller])
  const move = (wanted: number) => {
    const element = scroller.current
    if (element === null) return
    const offset = clampOffset(span, wanted)
    element.scrollTop = topAt(span, offset)
    setPlace({ offset, top: element.scrollTop })
  }
  return { offset: clampOffset(span, place.offset), top: place.top, move }
}

/** In proportion a notch of the wheel would pass over rows. */
function useWheel(scroller: Scroller, active: boolean, onWheel: (pixels: number) => void): void {
  const newest = useRef(onWheel)
  newest.current = onWheel
  useEffect(() => {
    const element = scroller.current
    if (element === null || !active) return
    const listen = (event: WheelEvent) => {
      if (event.ctrlKey || event.shiftKey || event.deltaY === 0) return
      event.preventDefault()
      newest.current(event.deltaY * (PIXELS_OF_MODE[event.deltaMode] ?? 1))
    }
    element.addEventListener('wheel', listen, { passive: false })
    return () => element.removeEventListener('wheel', listen)
  }, [scroller, active])
}

/** By WheelEvent.deltaMode: pixels, lines, pages. */
const PIXELS_OF_MODE = [1, 34, 600]

function clampOffset({ rows, view }: Span, offset: number): number {
  return Math.max(0, Math.min(offset, Math.max(0, rows - view)))
}
