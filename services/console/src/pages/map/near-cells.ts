/**
 * Nearest rows among some thousands, for many queries: the rows lie in cells around pivots, and a
 * query looks into the few cells whose pivots are nearest to it.
 */
import type { Rows } from './pca.ts'

const CELLS_LOOKED_AT = 6

export class NearCells {
  readonly #rows: Rows
  readonly #cells: readonly number[][]
  readonly #pivots: readonly number[]

  constructor(rows: Rows) {
    this.#rows = rows
    const cells = Math.max(1, Math.min(128, Math.floor(Math.sqrt(rows.count))))
    this.#pivots = Array.from({ length: cells }, (_, cell) =>
      Math.floor((cell * rows.count) / cells),
    )
    const members: number[][] = this.#pivots.map(() => [])
    for (let row = 0; row < rows.count; row += 1) {
      const [cell = 0] = this.#nearestCells(rows.values, row * rows.dimension, 1)
      members[cell]?.push(row)
    }
    this.#cells = members
  }

  /** Rows near the numbers at `from`, the nearest first, with their distances. */
  nearest(
    values: Float32Array,
    from: number,
    count: number,
  ): { readonly rows: readonly number[]; readonly distances: readonly number[] } {
    const rows: number[] = []
    const squares: number[] = []
    for (const cell of this.#nearestCells(values, from, CELLS_LOOKED_AT)) {
      for (const row of this.#cells[cell] ?? []) {
        const square = this.#square(row, values, from)
        if (rows.length === count && square >= (squares[count - 1] as number)) continue
        let place = rows.length === count ? count - 1 : rows.length
        while (place > 0 && (squares[place - 1] as number) > square) {
          squares[place] = squares[place - 1] as number
          rows[place] = rows[place - 1] as number
          place -= 1
        }
        squares[place] = square
        rows[place] = row
      }
    }
    return { rows, distances: squares.map(Math.sqrt) }
  }

  #nearestCells(values: Float32Array, from: number, count: number): number[] {
    const squares = this.#pivots.map((pivot) => this.#square(pivot, values, from))
    if (count === 1) return [squares.indexOf(Math.min(...squares))]
    const order = squares.map((_, cell) => cell)
    order.sort((a, b) => (squares[a] as number) - (squares[b] as number))
    return order.slice(0, count)
  }

  #square(row: number, values: Float32Array, from: number): number {
    const { values: own, dimension } = this.#rows
    const at = row * dimension
    let sum = 0
    for (let d = 0; d < dimension; d += 1) {
      const difference = (own[at + d] as number) - (values[from + d] as number)
      sum += difference * difference
    }
    return sum
  }
}
