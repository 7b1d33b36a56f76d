/**
 * The map in its place on the page: draws, follows hand and keys, finds what lies under them.
 *
 * No React in it: a hand moves a hundred times a second. A frame is drawn at most once, for all
 * that came before it.
 */
import { openCanvasPlot } from './canvas-plot.ts'
import { fitView, type MapView, pan, type Spot, toPlane, toWindow, zoom } from './map-view.ts'
import { PointGrid } from './point-grid.ts'
import type { PlotPoints, PointPlot } from './point-plot.ts'
import { openWebglPlot } from './webgl-plot.ts'

export interface StageOptions {
  /** Filled by the canvas; its children marked `data-pin` are kept over their places. */
  readonly place: HTMLElement
  /** The line of the lasso. */
  readonly line: SVGPathElement
  readonly prefer: 'webgl' | 'canvas'
  readonly onHover: (hovered: Hovered | undefined) => void
  /** Points within the lasso, in the order of their numbers. */
  readonly onSelect: (points: readonly number[]) => void
}

export interface Hovered {
  readonly point: number
  /** In the place, in CSS pixels. */
  readonly at: Spot
}

export type Hand = 'pan' | 'lasso'

/** Pixels around the pointer in which a point is hovered. */
const REACH_PX = 10
const WHEEL_ZOOM = 0.0016
/** Shorter lines of a lasso are a click. */
const LASSO_PX_MIN = 12

export class MapStage {
  readonly #options: StageOptions
  readonly #canvas: HTMLCanvasElement
  readonly #plot: PointPlot
  readonly #leave = new AbortController()
  readonly #resized: ResizeObserver
  readonly #touches = new Map<number, Spot>()
  #view: MapView = { x: 0, y: 0, scale: 1, width: 1, height: 1 }
  #whole: MapView = this.#view
  #points: PlotPoints | undefined
  #grid: PointGrid | undefined
  #hand: Hand = 'pan'
  #lasso: Spot[] | undefined
  #frame: number | undefined

  constructor(options: StageOptions) {
    this.#options = options
    const { place, prefer } = options
    let canvas = document.createElement('canvas')
    let plot = prefer === 'webgl' ? openWebglPlot(canvas) : undefined
    if (plot === undefined) {
      // A canvas keeps the kind of its first context.
      canvas = document.createElement('canvas')
      plot = openCanvasPlot(canvas)
    }
    if (plot === undefined) throw new Error('This browser draws on no canvas.')
    this.#canvas = canvas
    this.#plot = plot
    canvas.ariaHidden = 'true'
    place.prepend(canvas)
    place.dataset['plot'] = plot.kind
    this.#resized = new ResizeObserver(() => this.#resize())
    this.#resized.observe(place)
    this.#resize()
    this.#listen()
  }

  get kind(): PointPlot['kind'] {
    return this.#plot.kind
  }

  /** New positions are shown whole; with the same ones the view stays. */
  show(points: PlotPoints): void {
    const isNew = points.positions !== this.#points?.positions
    this.#points = points
    this.#plot.setPoints(points)
    if (isNew) {
      this.#grid = new PointGrid(points.positions)
      this.fit()
    }
    this.#drawSoon()
  }

  setHand(hand: Hand): void {
    this.#hand = hand
  }

  /** All of it in sight. */
  fit(): void {
    if (this.#points === undefined) return
    this.#whole = fitView(this.#points.positions, this.#view)
    this.#look(this.#whole)
  }

  zoomBy(factor: number): void {
    const { width, height } = this.#view
    this.#look(zoom(this.#view, factor, { x: width / 2, y: height / 2 }, this.#whole))
  }

  panBy(by: Spot): void {
    this.#look(pan(this.#view, by))
  }

  pointsInView(): readonly number[] {
    const { width, height } = this.#view
    const corners = [
      { x: 0, y: 0 },
      { x: width, y: 0 },
      { x: width, y: height },
      { x: 0, y: height },
    ]
    return this.#grid?.within(corners.map((corner) => toPlane(this.#view, corner))) ?? []
  }

  /** Pins were added or taken away. */
  pinsChanged(): void {
    this.#drawSoon()
  }

  close(): void {
    this.#leave.abort()
    this.#resized.disconnect()
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
    this.#plot.close()
    this.#canvas.remove()
  }

  #look(view: MapView): void {
    this.#view = view
    this.#options.onHover(undefined)
    this.#drawSoon()
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#options.place
    const wasWhole = this.#view.scale === this.#whole.scale && this.#view.x === this.#whole.x
    this.#view = { ...this.#view, width, height }
    this.#whole = { ...this.#whole, width, height }
    if (wasWhole) this.fit()
    this.#drawSoon()
  }

  #drawSoon(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined
      this.#plot.draw(this.#view, Math.min(2, devicePixelRatio || 1))
      for (const pin of this.#options.place.querySelectorAll<HTMLElement>('[data-pin]')) {
        const [x = 0, y = 0] = (pin.dataset['pin'] ?? '').split(' ').map(Number)
        const at = toWindow(this.#view, { x, y })
        pin.style.transform = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px)`
      }
    })
  }

  #listen(): void {
    const { place } = this.#options
    const { signal } = this.#leave
    place.addEventListener('pointerdown', (event) => this.#press(event), { signal })
    place.addEventListener('pointermove', (event) => this.#move(event), { signal })
    place.addEventListener('pointerup', (event) => this.#release(event), { signal })
    place.addEventListener('pointercancel', (event) => this.#release(event), { signal })
    place.addEventListener('pointerleave', () => this.#options.onHover(undefined), { signal })
    place.addEventListener('wheel', (event) => this.#wheel(event), { signal, passive: false })
    place.addEventListener('keydown', (event) => this.#key(event), { signal })
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0 || isControl(event.target)) return
    const at = this.#spotOf(event)
    this.#options.place.setPointerCapture(event.pointerId)
    this.#touches.set(event.pointerId, at)
    const isLasso = this.#hand === 'lasso' || event.shiftKey
    if (isLasso && this.#touches.size === 1) this.#lasso = [at]
    else this.#dropLasso()
    this.#options.onHover(undefined)
  }

  #move(event: PointerEvent): void {
    const at = this.#spotOf(event)
    const before = this.#touches.get(event.pointerId)
    if (before === undefined) {
      if (event.pointerType === 'mouse') this.#hover(at)
      return
    }
    if (this.#lasso !== undefined) {
      this.#lasso.push(at)
      this.#options.line.setAttribute('d', pathOf(this.#lasso))
      return
    }
    const other = [...this.#touches].find(([id]) => id !== event.pointerId)?.[1]
    if (other === undefined) this.#look(pan(this.#view, { x: at.x - before.x, y: at.y - before.y }))
    else
      this.#look(
        zoom(this.#view, distance(at, other) / distance(before, other), other, this.#whole),
      )
    this.#touches.set(event.pointerId, at)
  }

  #release(event: PointerEvent): void {
    this.#touches.delete(event.pointerId)
    const lasso = this.#lasso
    if (lasso === undefined) return
    this.#dropLasso()
    if (event.type !== 'pointerup' || lengthOf(lasso) < LASSO_PX_MIN) return
    const line = lasso.map((spot) => toPlane(this.#view, spot))
    this.#options.onSelect(this.#grid?.within(line) ?? [])
  }

  #dropLasso(): void {
    this.#lasso = undefined
    this.#options.line.setAttribute('d', '')
  }

  #hover(at: Spot): void {
    const reach = REACH_PX / this.#view.scale
    const point = this.#grid?.nearest(toPlane(this.#view, at), reach)
    this.#options.onHover(point === undefined ? undefined : { point, at })
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault()
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
    const factor = Math.exp(-event.deltaY * lines * WHEEL_ZOOM)
    this.#look(zoom(this.#view, factor, this.#spotOf(event), this.#whole))
  }

  #key(event: KeyboardEvent): void {
    if (event.target !== this.#options.place) return
    const act = KEYS[event.key]
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    act(this)
  }

  #spotOf(event: MouseEvent): Spot {
    const { left, top } = this.#options.place.getBoundingClientRect()
    return { x: event.clientX - left, y: event.clientY - top }
  }
}

const STEP_PX = 60
const KEYS: Readonly<Record<string, (stage: MapStage) => void>> = {
  ArrowLeft: (stage) => stage.panBy({ x: STEP_PX, y: 0 }),
  ArrowRight: (stage) => stage.panBy({ x: -STEP_PX, y: 0 }),
  ArrowUp: (stage) => stage.panBy({ x: 0, y: STEP_PX }),
  ArrowDown: (stage) => stage.panBy({ x: 0, y: -STEP_PX }),
  '+': (stage) => stage.zoomBy(1.4),
  '=': (stage) => stage.zoomBy(1.4),
  '-': (stage) => stage.zoomBy(1 / 1.4),
  '0': (stage) => stage.fit(),
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('button, a') !== null
}

function pathOf(spots: readonly Spot[]): string {
  return `M${spots.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}Z`
}

function distance(a: Spot, b: Spot): number {
  return Math.max(1, Math.hypot(a.x - b.x, a.y - b.y))
}

function lengthOf(spots: readonly Spot[]): number {
  return spots.slice(1).reduce((sum, spot, at) => sum + distance(spot, spots[at] as Spot), 0)
}
