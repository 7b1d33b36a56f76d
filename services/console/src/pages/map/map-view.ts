/**
 * Where the map is looked at from: plane to window and back. Pure; the plots and the hand work on
 * the same view. y grows upwards in the plane, downwards in the window.
 */

export interface MapView {
  /** Middle of the window, in the plane. */
  readonly x: number
  readonly y: number
  /** Pixels of one unit. */
  readonly scale: number
  /** Of the window, in CSS pixels. */
  readonly width: number
  readonly height: number
}

export interface Spot {
  readonly x: number
  readonly y: number
}

const MARGIN_PX = 24
const SCALE_FACTOR_MAX = 2000

/** All positions in sight. */
export function fitView(
  positions: Float32Array,
  { width, height }: Pick<MapView, 'width' | 'height'>,
): MapView {
  let [left, right] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let [low, high] = [left, right]
  for (let at = 0; at < positions.length; at += 2) {
    const [x, y] = [positions[at] as number, positions[at + 1] as number]
    if (x < left) left = x
    if (x > right) right = x
    if (y < low) low = y
    if (y > high) high = y
  }
  if (left > right) return { x: 0, y: 0, scale: 1, width, height }
  const across = Math.max(right - left, 1e-9)
  const up = Math.max(high - low, 1e-9)
  const room = (size: number) => Math.max(40, size - 2 * MARGIN_PX)
  const scale = Math.min(room(width) / across, room(height) / up)
  return { x: (left + right) / 2, y: (low + high) / 2, scale, width, height }
}

export function toWindow(view: MapView, { x, y }: Spot): Spot {
  return {
    x: (x - view.x) * view.scale + view.width / 2,
    y: view.height / 2 - (y - view.y) * view.scale,
  }
}

export function toPlane(view: MapView, { x, y }: Spot): Spot {
  return {
    x: (x - view.width / 2) / view.scale + view.x,
    y: (view.height / 2 - y) / view.scale + view.y,
  }
}

/** @param by in pixels, as the hand moved */
export function pan(view: MapView, by: Spot): MapView {
  return { ...view, x: view.x - by.x / view.scale, y: view.y + by.y / view.scale }
}

/** What lies at `at`, in the window, stays there. @param whole the view that shows all */
export function zoom(view: MapView, factor: number, at: Spot, whole: MapView): MapView {
  const least = whole.scale / 4
  const scale = Math.min(Math.max(view.scale * factor, least), whole.scale * SCALE_FACTOR_MAX)
  const before = toPlane(view, at)
  const after = toPlane({ ...view, scale }, at)
  return { ...view, scale, x: view.x + before.x - after.x, y: view.y + before.y - after.y }
}
