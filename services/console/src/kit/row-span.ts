/**
 * More rows than a browser can lay out: where an element would be taller than it may be, the
 * scrollbar covers the rows in proportion, while the wheel and the keys still move row by row.
 *
 * Heights in CSS pixels. `offset` is of the rows, as if all were laid out; `top` of the element.
 */
export interface Span {
  /** Of all rows. */
  readonly rows: number
  /** Of the element that is scrolled. */
  readonly element: number
  /** Of the window onto it. */
  readonly view: number
}

/** Firefox lays out nothing beyond 17.8 million. */
const ELEMENT_MAX = 15_000_000

export function spanOf(rows: number, view: number): Span {
  return { rows, element: Math.min(rows, ELEMENT_MAX), view }
}

export function isScaled({ rows, element }: Span): boolean {
  return rows > element
}

/** What the scrollbar shows at this place of it. */
export function offsetAt(span: Span, top: number): number {
  return clamp(top * scaleOf(span), span.rows - span.view)
}

/** Where the scrollbar stands for this offset. */
export function topAt(span: Span, offset: number): number {
  return clamp(offset / scaleOf(span), span.element - span.view)
}

function scaleOf({ rows, element, view }: Span): number {
  return element > view ? (rows - view) / (element - view) : 1
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, Math.max(0, most)))
}
