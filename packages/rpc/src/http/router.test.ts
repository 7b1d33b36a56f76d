// Proves which route a path leads to: literals before variables, verbs, percent-decoding, hints.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isVectronError } from '@vectron/base'
import { UnsupportedDescriptor } from '../json/plan.ts'
import { parseTemplate } from './path-template.ts'
import { Router } from './router.ts'

function routerOf(...routes: [method: string, template: string][]): Router<string> {
  const router = new Router<string>()
  for (const [method, template] of routes) {
    router.add(method, parseTemplate(template), `${method} ${template}`)
  }
  return router
}

const router = routerOf(
  ['GET', '/v1/things'],
  ['POST', '/v1/things'],
  ['GET', '/v1/things/{id}'],
  ['GET', '/v1/things/special'],
  ['POST', '/v1/things/{id}:mend'],
  ['GET', '/v1/things/{id}/parts/{part=*}'],
  ['POST', '/v1/things/{id}/parts:count'],
)

function found(method: string, path: string): string {
  const match = router.match(method, path)
  assert.equal(match.kind, 'found', `${method} ${path}`)
  return match.kind === 'found' ? `${match.route} ${match.values.join('|')}`.trim() : ''
}

test('paths lead to their routes', () => {
  assert.equal(found('GET', '/v1/things'), 'GET /v1/things')
  assert.equal(found('GET', '/v1/things/special'), 'GET /v1/things/special')
  assert.equal(found('GET', '/v1/things/7'), 'GET /v1/things/{id} 7')
  assert.equal(found('POST', '/v1/things/7:mend'), 'POST /v1/things/{id}:mend 7')
  assert.equal(found('GET', '/v1/things/a/parts/b'), 'GET /v1/things/{id}/parts/{part=*} a|b')
  assert.equal(
    found('GET', '/v1/things/special/parts/b'),
    'GET /v1/things/{id}/parts/{part=*} special|b',
  )
  assert.equal(found('POST', '/v1/things/a/parts:count'), 'POST /v1/things/{id}/parts:count a')
})

test('values hold any UTF-8, encoded or not', () => {
  assert.equal(found('GET', '/v1/things/a%2Fb%3Ac'), 'GET /v1/things/{id} a/b:c')
  assert.equal(found('GET', '/v1/things/a:b'), 'GET /v1/things/{id} a:b')
  assert.equal(found('GET', '/v1/things/%E6%97%A5%F0%9F%90%B6'), 'GET /v1/things/{id} 日🐶')
  assert.equal(found('POST', '/v1/things/a:b:mend'), 'POST /v1/things/{id}:mend a:b')
  assert.throws(
    () => router.match('GET', '/v1/things/%ff'),
    (error) => isVectronError(error, 'INVALID_UTF8'),
  )
})

test('a path of other methods names them', () => {
  assert.deepEqual(router.match('PUT', '/v1/things'), {
    kind: 'wrong-method',
    allowed: ['GET', 'POST'],
  })
})

test('an unknown path gets the nearest route', () => {
  const nearest = (path: string) => {
    const match = router.match('GET', path)
    return match.kind === 'not-found' ? match.nearest : 'found'
  }
  assert.equal(nearest('/v1/thing'), '/v1/things')
  assert.equal(nearest('/v1/things/7/parts:cuont'), '/v1/things/{id}/parts:count')
  assert.equal(nearest('/v1/things/7/'), '/v1/things/{id}')
  assert.equal(nearest('/wp-admin/setup.php'), undefined)
})

test('templates that are not supported fail when they are parsed', () => {
  const templates = [
    'v1/x',
    '/',
    '/v1//x',
    '/v1/{a.b}',
    '/v1/{a=x/*}',
    '/v1/**',
    '/v1/{a=**}',
    '/v1/{a}/{a}',
    '/v1/{a}-{b}',
  ]
  for (const template of templates) {
    assert.throws(() => parseTemplate(template), UnsupportedDescriptor, template)
  }
  assert.throws(() => routerOf(['GET', '/a/{b}'], ['GET', '/a/{c}']), /taken/)
})
