import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isNamed, nodeName, parseAltNames, rolesOf } from './node-role.ts'

test('A certificate for a role is for each of its nodes, one with a number for that node alone.', () => {
  const role = parseAltNames(`DNS:${nodeName('worker')}, DNS:db-1.example.org`)
  assert.ok(isNamed(role, 'worker', 7n))
  assert.ok(!isNamed(role, 'placement', 7n))
  const one = parseAltNames(`URI:${nodeName('worker', 7n)}`)
  assert.ok(isNamed(one, 'worker', 7n))
  assert.ok(!isNamed(one, 'worker', 77n))
  assert.deepEqual(rolesOf([...role, 'DNS:node-gateway', 'DNS:node-king', 'IP:node-auth']), [
    'worker',
    'gateway',
  ])
})

test('A name that holds a comma is one name, and none is none.', () => {
  assert.deepEqual(parseAltNames('URI:"x, DNS:node-worker-1", DNS:b'), [
    'URI:"x, DNS:node-worker-1"',
    'DNS:b',
  ])
  assert.deepEqual(parseAltNames(undefined), [])
})
