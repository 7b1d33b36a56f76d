/** Where points lie on the map, found again, coloured. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { colorBy } from './coloring.ts'
import { MapPoints } from './map-points.ts'
import { fitView, pan, toPlane, toWindow, zoom } from './map-view.ts'
import { alongAxes, principalAxes } from './pca.ts'
import { PointGrid } from './point-grid.ts'
import { layOutByUmap } from './umap-layout.ts'

function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

test('the principal axes of planted data are found, with their shares of the variance', () => {
  const random = randomOf(7)
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())
  const [count, dimension] = [4000, 30]
  // Widths 10 and 4 along two slanted directions, 1 along all axes.
  const values = new Float32Array(count * dimension)
  for (let row = 0; row < count; row += 1) {
    const [a, b] = [10 * normal(), 4 * normal()]
    for (let d = 0; d < dimension; d += 1) values[row * dimension + d] = 5 + normal()
    values[row * dimension] = (values[row * dimension] ?? 0) + 0.6 * a - 0.8 * b
    values[row * dimension + 1] = (values[row * dimension + 1] ?? 0) + 0.8 * a + 0.6 * b
  }
  const rows = { values, count, dimension }
  const { axes, shares, ...rest } = principalAxes(rows, 2, randomOf(1))
  assert.ok(Math.abs(Math.abs((axes[0] ?? 0) * 0.6 + (axes[1] ?? 0) * 0.8) - 1) < 0.01)
  const second = [axes[dimension] ?? 0, axes[dimension + 1] ?? 0] as const
  assert.ok(Math.abs(Math.abs(second[0] * -0.8 + second[1] * 0.6) - 1) < 0.02)
  const total = 100 + 16 + dimension
  assert.ok(Math.abs((shares[0] ?? 0) - 101 / total) < 0.04, String(shares))
  assert.ok(Math.abs((shares[1] ?? 0) - 17 / total) < 0.02, String(shares))
  const along = alongAxes(rows, { axes, shares, ...rest })
  let [sum, square] = [0, 0]
  for (let row = 0; row < count; row += 1) {
    sum += along[2 * row] ?? 0
    square += (along[2 * row] ?? 0) ** 2
  }
  assert.ok(Math.abs(sum / count) < 0.01)
  assert.ok(Math.abs(square / count / 101 - 1) < 0.08)
})

test('vectors that are all alike lie in one place', () => {
  const rows = { values: new Float32Array(300).fill(1), count: 100, dimension: 3 }
  const axes = principalAxes(rows, 2, randomOf(3))
  assert.ok([...alongAxes(rows, axes)].every((place) => Math.abs(place) < 1e-6))
  assert.deepEqual(axes.shares, [0, 0])
})

test('UMAP keeps groups together and apart, also points that it was not fitted to', async () => {
  const random = randomOf(11)
  const [groups, each, dimension] = [4, 350, 12]
  const values = Float32Array.from({ length: groups * each * dimension }, (_, at) => {
    const group = Math.floor(at / dimension) % groups
    return ((at % dimension) % groups === group ? 6 : 0) + random() - 0.5
  })
  const shares: number[] = []
  const onProgress = async (share: number) => void shares.push(share)
  const rows = { values, count: groups * each, dimension }
  const made = await layOutByUmap(rows, { random, onProgress, sample: 500 })
  assert.equal(made.fitted, 500)
  assert.ok(shares.every((share, at) => share >= (shares[at - 1] ?? 0) && share <= 1))
  const centers = Array.from({ length: groups }, () => ({ x: 0, y: 0 }))
  const at = (point: number) => ({
    x: made.positions[2 * point] ?? Number.NaN,
    y: made.positions[2 * point + 1] ?? Number.NaN,
  })
  for (let point = 0; point < groups * each; point += 1) {
    const center = centers[point % groups] as { x: number; y: number }
    center.x += at(point).x / each
    center.y += at(point).y / each
  }
  let right = 0
  for (let point = 0; point < groups * each; point += 1) {
    const { x, y } = at(point)
    const distances = centers.map((center) => Math.hypot(center.x - x, center.y - y))
    if (distances.indexOf(Math.min(...distances)) === point % groups) right += 1
  }
  assert.ok(right / (groups * each) > 0.98, `${right} of ${groups * each}`)
})

test('what was cancelled ends with that', async () => {
  const map = new MapPoints({ dimension: 2, capacity: 10, isCosine: true })
  const stop = async () => {
    throw new Error('cancelled')
  }
  await assert.rejects(map.project('umap', stop, randomOf(1)), /cancelled/)
})

test('no more points are taken than there is room for', () => {
  const map = new MapPoints({ dimension: 2, capacity: 2, isCosine: true })
  const points = ['a', 'b', 'c'].map((id) => ({
    id,
    vector: [3, 4],
    payload: { 'a.b': 1, c: { d: 2 } },
  }))
  const page = new TextEncoder().encode(JSON.stringify({ points, nextPageToken: 'x' })).buffer
  assert.deepEqual(map.take(page), { ids: ['a', 'b'], nextPageToken: 'x' })
  assert.deepEqual(map.colorBy('a.b').legend, [{ label: '1', color: '#0072b2', count: 2 }])
  assert.deepEqual(map.colorBy('c.d').legend, [{ label: '2', color: '#0072b2', count: 2 }])
})

test('plane and window translate into each other, and zooming keeps what is under the pointer', () => {
  const positions = Float32Array.of(0, 0, 10, 5)
  const whole = fitView(positions, { width: 800, height: 600 })
  const corner = toWindow(whole, { x: 10, y: 5 })
  assert.ok(corner.x <= 776.01 && corner.x > 700 && corner.y >= 24)
  const spot = { x: 200, y: 100 }
  const near = zoom(pan(whole, { x: 30, y: -12 }), 3, spot, whole)
  const before = toPlane(pan(whole, { x: 30, y: -12 }), spot)
  const after = toPlane(near, spot)
  assert.ok(Math.hypot(before.x - after.x, before.y - after.y) < 1e-9)
})

test('the grid finds what looking at every point finds', () => {
  const random = randomOf(21)
  const positions = Float32Array.from({ length: 4000 }, () => random() ** 3)
  const grid = new PointGrid(positions)
  const all = Array.from({ length: 2000 }, (_, point) => point)
  const far = (point: number, x: number, y: number) =>
    Math.hypot((positions[2 * point] ?? 0) - x, (positions[2 * point + 1] ?? 0) - y)
  for (let turn = 0; turn < 200; turn += 1) {
    const [x, y] = [random(), random()]
    const best = Math.min(...all.map((point) => far(point, x, y)))
    const found = grid.nearest({ x, y }, 0.1)
    if (best > 0.1) assert.equal(found, undefined)
    else assert.equal(far(found ?? -1, x, y), best)
  }
  const lasso = [
    { x: 0.1, y: 0.1 },
    { x: 0.6, y: 0.1 },
    { x: 0.1, y: 0.6 },
  ]
  const inside = all.filter((point) => {
    const [x, y] = [positions[2 * point] ?? 0, positions[2 * point + 1] ?? 0]
    return x > 0.1 && y > 0.1 && x + y < 0.7
  })
  assert.deepEqual(grid.within(lasso), inside)
  assert.deepEqual(grid.within(lasso.slice(0, 2)), [])
})

test('frequent values have colours of their own, the others share one', () => {
  const values = Array.from({ length: 100 }, (_, at) =>
    at < 50 ? 'a' : at < 90 ? ['b', 'x'] : `r${at}`,
  )
  const { legend, codes } = colorBy([...values, null])
  assert.deepEqual(
    legend.slice(0, 2).map(({ label, count }) => ({ label, count })),
    [
      { label: 'a', count: 50 },
      { label: 'b', count: 40 },
    ],
  )
  assert.deepEqual(
    legend.slice(-2).map(({ count }) => count),
    [4, 1],
  )
  assert.equal(codes.length, 101)
})

test('many numbers are on a ramp between the least and the most', () => {
  const { kind, legend, codes } = colorBy([
    ...Array.from({ length: 50 }, (_, at) => at / 2),
    'none',
  ])
  assert.equal(kind, 'ramp')
  assert.deepEqual(
    legend.map(({ label }) => label),
    ['0', '24.5', 'without'],
  )
  assert.deepEqual([codes[0], codes[49], codes[50]], [0, 63, 64])
})
