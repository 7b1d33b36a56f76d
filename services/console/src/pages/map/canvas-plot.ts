/**
 * Points without the graphics card: each sets the pixels of a small square in one picture, which is
 * put onto the canvas whole. 100,000 points take a few milliseconds so.
 */
import { fitView, type MapView } from './map-view.ts'
import { MARK, type PlotPoints, type PointPlot, pointSize } from './point-plot.ts'
import { fitCanvas } from './webgl-plot.ts'

/** Of 255: faint points let the ground through. */
const ALPHAS = { [MARK.plain]: 235, [MARK.faint]: 44, [MARK.strong]: 255 } as const
const LAYERS = [MARK.faint, MARK.plain, MARK.strong] as const

/** undefined where the browser has no canvas. */
export function openCanvasPlot(canvas: HTMLCanvasElement): PointPlot | undefined {
  const context = canvas.getContext('2d')
  return context === null ? undefined : new CanvasPlot(canvas, context)
}

class CanvasPlot implements PointPlot {
  readonly kind = 'canvas'
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  #points: PlotPoints | undefined
  #whole: MapView | undefined

  constructor(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D) {
    this.#canvas = canvas
    this.#context = context
  }

  setPoints(points: PlotPoints): void {
    if (points.positions !== this.#points?.positions) this.#whole = undefined
    this.#points = points
  }

  draw(view: MapView, ratio: number): void {
    fitCanvas(this.#canvas, view, ratio)
    const { width, height } = this.#canvas
    const points = this.#points
    if (points === undefined || width === 0 || height === 0) return
    this.#whole ??= fitView(points.positions, view)
    const image = this.#context.createImageData(width, height)
    const pixels = new Uint32Array(image.data.buffer)
    const side = Math.round(ratio * pointSize(points.positions.length / 2, view, this.#whole))
    for (const mark of LAYERS) {
      if (!points.marks.includes(mark)) continue
      const size = Math.max(1, mark === MARK.strong ? Math.round(side * 1.6) : side)
      paint(points, { mark, size, view, ratio, width, height, pixels })
    }
    this.#context.putImageData(image, 0, 0)
  }

  close(): void {
    this.#points = undefined
  }
}

interface Painting {
  readonly mark: (typeof LAYERS)[number]
  readonly size: number
  readonly view: MapView
  readonly ratio: number
  readonly width: number
  readonly height: number
  /** Alpha, blue, green, red from the high byte down: browsers run on little-endian machines. */
  readonly pixels: Uint32Array
}

function paint({ positions, colors, marks }: PlotPoints, painting: Painting): void {
  const { mark, size, view, ratio, width, height, pixels } = painting
  const scale = view.scale * ratio
  const left = width / 2 - view.x * scale - size / 2
  const top = height / 2 + view.y * scale - size / 2
  const alpha = ALPHAS[mark] << 24
  for (let point = 0; point < marks.length; point += 1) {
    if (marks[point] !== mark) continue
    const x = Math.round((positions[2 * point] as number) * scale + left)
    const y = Math.round(top - (positions[2 * point + 1] as number) * scale)
    if (x < -size || y < -size || x >= width || y >= height) continue
    const at = 3 * point
    const color =
      alpha |
      ((colors[at + 2] as number) << 16) |
      ((colors[at + 1] as number) << 8) |
      (colors[at] as number)
    const right = Math.min(width, x + size)
    const bottom = Math.min(height, y + size)
    for (let row = Math.max(0, y); row < bottom; row += 1) {
      for (let column = Math.max(0, x); column < right; column += 1) {
        pixels[row * width + column] = color
      }
    }
  }
}
