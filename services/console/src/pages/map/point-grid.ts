/** Finds points of the plane: the nearest to a place, those in a rectangle or within a lasso. */
import type { Spot } from './map-view.ts'

const POINTS_PER_CELL = 8

export class PointGrid {
  readonly #positions: Float32Array
  readonly #side: number
  readonly #left: number
  readonly #low: number
  /** Cells across and up. */
  readonly #across: number
  readonly #up: number
  /** Where the points of each cell begin in `#order`. */
  readonly #starts: Uint32Array
  readonly #order: Uint32Array

  /** @param positions x and y of each point */
  constructor(positions: Float32Array) {
    this.#positions = positions
    const count = positions.length / 2
    let [left, right] = [0, 0]
    let [low, high] = [0, 0]
    for (let at = 0; at < positions.length; at += 2) {
      const [x, y] = [positions[at] as number, positions[at + 1] as number]
      left = at === 0 ? x : Math.min(left, x)
      right = at === 0 ? x : Math.max(right, x)
      low = at === 0 ? y : Math.min(low, y)
      high = at === 0 ? y : Math.max(high, y)
    }
    const area = Math.max((right - left) * (high - low), 1e-12)
    this.#side = Math.max(
      Math.sqrt((area * POINTS_PER_CELL) / Math.max(1, count)),
      Math.max(right - left, high - low, 1e-6) / 2048,
    )
    this.#left = left
    this.#low = low
    this.#across = Math.floor((right - left) / this.#side) + 1
    this.#up = Math.floor((high - low) / this.#side) + 1
    this.#starts = new Uint32Array(this.#across * this.#up + 1)
    this.#order = new Uint32Array(count)
    this.#fill(count)
  }

  #fill(count: number): void {
    const cells = new Uint32Array(count)
    for (let point = 0; point < count; point += 1) {
      const cell =
        this.#column(this.#positions[2 * point] as number) +
        this.#across * this.#row(this.#positions[2 * point + 1] as number)
      cells[point] = cell
      this.#starts[cell + 1] = (this.#starts[cell + 1] as number) + 1
    }
    for (let cell = 1; cell < this.#starts.length; cell += 1) {
      this.#starts[cell] = (this.#starts[cell] as number) + (this.#starts[cell - 1] as number)
    }
    const next = this.#starts.slice()
    for (let point = 0; point < count; point += 1) {
      const cell = cells[point] as number
      this.#order[next[cell] as number] = point
      next[cell] = (next[cell] as number) + 1
    }
  }

  #column(x: number): number {
    return Math.min(this.#across - 1, Math.max(0, Math.floor((x - this.#left) / this.#side)))
  }

  #row(y: number): number {
    return Math.min(this.#up - 1, Math.max(0, Math.floor((y - this.#low) / this.#side)))
  }

  /** The nearest point within `reach`; undefined when there is none. */
  nearest({ x, y }: Spot, reach: number): number | undefined {
    let [found, square]: [number | undefined, number] = [undefined, reach * reach]
    this.#visit({ left: x - reach, right: x + reach, low: y - reach, high: y + reach }, (point) => {
      const dx = (this.#positions[2 * point] as number) - x
      const dy = (this.#positions[2 * point + 1] as number) - y
      if (dx * dx + dy * dy <= square) {
        square = dx * dx + dy * dy
        found = point
      }
    })
    return found
  }

  /** Points inside of a closed line, in the order of their numbers. */
  within(lasso: readonly Spot[]): number[] {
    const found: number[] = []
    if (lasso.length < 3) return found
    const xs = lasso.map(({ x }) => x)
    const ys = lasso.map(({ y }) => y)
    const box = {
      left: Math.min(...xs),
      right: Math.max(...xs),
      low: Math.min(...ys),
      high: Math.max(...ys),
    }
    this.#visit(box, (point) => {
      const at = {
        x: this.#positions[2 * point] as number,
        y: this.#positions[2 * point + 1] as number,
      }
      if (isInside(at, lasso)) found.push(point)
    })
    return found.sort((a, b) => a - b)
  }

  #visit(box: Box, visit: (point: number) => void): void {
    for (let row = this.#row(box.low); row <= this.#row(box.high); row += 1) {
      for (let column = this.#column(box.left); column <= this.#column(box.right); column += 1) {
        const cell = column + this.#across * row
        const end = this.#starts[cell + 1] as number
        for (let at = this.#starts[cell] as number; at < end; at += 1)
          visit(this.#order[at] as number)
      }
    }
  }
}

interface Box {
  readonly left: number
  readonly right: number
  readonly low: number
  readonly high: number
}

/** By how often a ray to the right crosses the line (even-odd). */
function isInside({ x, y }: Spot, line: readonly Spot[]): boolean {
  let inside = false
  for (let at = 0, before = line.length - 1; at < line.length; before = at, at += 1) {
    const [a, b] = [line[at] as Spot, line[before] as Spot]
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside
  }
  return inside
}
