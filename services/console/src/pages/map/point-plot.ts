/**
 * What draws the points. Two ways: by the graphics card (webgl-plot.ts), and where there is none
 * by setting pixels (canvas-plot.ts).
 */
import type { MapView } from './map-view.ts'

/** How a point stands out, in `marks`. */
export const MARK = { plain: 0, faint: 1, strong: 2 } as const

export interface PlotPoints {
  /** x and y of each. */
  readonly positions: Float32Array
  /** Red, green, blue of each, 0 to 255. */
  readonly colors: Uint8Array
  /** One of MARK for each. */
  readonly marks: Uint8Array
}

export interface PointPlot {
  readonly kind: 'webgl' | 'canvas'
  setPoints(points: PlotPoints): void
  /** At once: when it returns, the picture is what the view shows. */
  draw(view: MapView, ratio: number): void
  close(): void
}

/** Diameter of a point in CSS pixels: more where there is room. */
export function pointSize(count: number, view: MapView, whole: MapView): number {
  const base = count > 50_000 ? 2 : count > 10_000 ? 2.6 : count > 2000 ? 4 : 6
  return Math.min(12, base * Math.max(1, view.scale / whole.scale) ** 0.35)
}
