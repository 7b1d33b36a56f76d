/** Proves the weights and the principal component on cases with a known answer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, testSeed } from '@vectron/base'
import { removeDirection, SecondMoment, sifWeights } from './sif.ts'

test('frequent words weigh less, by count and by rank', () => {
  const [frequent, rare, absent] = sifWeights(Float64Array.of(1000, 10, 0))
  assert.ok(frequent! < rare! && rare! < absent!)
  const byRankOnly = sifWeights(new Float64Array(100))
  assert.ok(byRankOnly.every((weight, rank) => rank === 0 || weight > byRankOnly[rank - 1]!))
})

test('the first component is the direction in which vectors are longest', () => {
  const random = seededRandom(testSeed())
  const moment = new SecondMoment(3)
  for (let round = 0; round < 500; round += 1) {
    const along = 4 * random.nextFloat() - 2
    const noise = () => 0.1 * (random.nextFloat() - 0.5)
    moment.add(Float32Array.of(0.6 * along + noise(), 0.8 * along + noise(), noise()))
  }
  const [x, y, z] = moment.firstComponent()
  assert.ok(Math.abs(Math.abs(0.6 * x! + 0.8 * y!) - 1) < 0.01 && Math.abs(z!) < 0.05)
})

test('a removed direction leaves nothing along it', () => {
  const vector = Float32Array.of(3, 4, 5)
  removeDirection(vector, Float32Array.of(0, 0.6, 0.8))
  assert.ok(Math.abs(0.6 * vector[1]! + 0.8 * vector[2]!) < 1e-5)
  assert.equal(vector[0], 3)
})
