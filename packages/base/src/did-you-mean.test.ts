import assert from 'node:assert/strict'
import { test } from 'node:test'
import { didYouMean, nearestName } from './did-you-mean.ts'

test('a slip of the pen finds the name that was meant', () => {
  const known = ['vector', 'topK', 'filter', 'withPayload']
  assert.equal(nearestName('vektor', known), 'vector')
  assert.equal(nearestName('topk', known), 'topK')
  assert.equal(nearestName('fitler', known), 'filter')
  assert.equal(nearestName('withPayloads', known), 'withPayload')
})

test('a name far from all gives no suggestion', () => {
  assert.equal(nearestName('color', ['vector', 'filter']), undefined)
  assert.equal(didYouMean('color', ['vector']), '')
  assert.equal(didYouMean('filtre', ['filter']), ' Did you mean "filter"?')
})
