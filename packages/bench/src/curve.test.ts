import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CurvePoint, median, quantileOf, speedAt } from './curve.ts'

const point = (recall: number, queriesPerCpuSecond: number): CurvePoint => ({
  effort: 0,
  recall,
  queriesPerCpuSecond,
})

test('speed at a recall lies between its neighbours, geometrically', () => {
  const curve = [point(0.98, 100), point(0.9, 400)]
  assert.equal(Math.round(speedAt(curve, 0.94)!), 200)
  assert.equal(speedAt(curve, 0.98), 100)
})

test('a recall below the curve takes its first point, one above it nothing', () => {
  const curve = [point(0.9, 400), point(0.98, 100)]
  assert.equal(speedAt(curve, 0.8), 400)
  assert.equal(speedAt(curve, 0.99), undefined)
})

test('a point that another beats in both counts for nothing', () => {
  const curve = [point(0.9, 400), point(0.94, 50), point(0.98, 100)]
  assert.equal(Math.round(speedAt(curve, 0.94)!), 200)
})

test('medians and quantiles', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.equal(quantileOf([1, 2, 3, 4], 0.5), 2)
  assert.equal(quantileOf([1, 2, 3, 4], 0.99), 4)
})
