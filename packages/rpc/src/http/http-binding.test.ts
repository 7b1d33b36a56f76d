// Proves that annotations without an HTTP form fail at start, with the method named.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clone, create, createFileRegistry, type DescFile, setExtension } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, MethodOptionsSchema } from '@bufbuild/protobuf/wkt'
import { google, vectron } from '@vectron/contracts'
import { UnsupportedDescriptor } from '../json/plan.ts'
import { httpBindings } from './http-binding.ts'

type Rule = Parameters<typeof create<typeof google.HttpRuleSchema>>[1]

/** vectron.v1.Points with another annotation on one method; undefined: with none. */
function bindingsOf(method: string, rule: Rule) {
  const file = clone(FileDescriptorProtoSchema, vectron.Points.file.proto)
  const proto = file.service[0]?.method.find((each) => each.name === method)
  assert.ok(proto)
  proto.options = create(MethodOptionsSchema)
  if (rule !== undefined) {
    setExtension(proto.options, google.http, create(google.HttpRuleSchema, rule))
  }
  const registry = createFileRegistry(file, (name) => findFile(vectron.Points.file, name)?.proto)
  const desc = registry
    .getService('vectron.v1.Points')
    ?.methods.find((each) => each.name === method)
  assert.ok(desc)
  return httpBindings(desc)
}

function findFile(from: DescFile, name: string): DescFile | undefined {
  if (`${from.name}.proto` === name) return from
  for (const dependency of from.dependencies) {
    const found = findFile(dependency, name)
    if (found !== undefined) return found
  }
  return undefined
}

test('additional bindings are bindings', () => {
  const more = { pattern: { case: 'get' as const, value: '/v1/point/{collection}/{id}' } }
  const bindings = bindingsOf('GetPoint', {
    pattern: { case: 'get', value: '/v1/{collection}/{id}' },
    additionalBindings: [create(google.HttpRuleSchema, more)],
  })
  assert.deepEqual(
    bindings.map((binding) => binding.template.text),
    ['/v1/{collection}/{id}', '/v1/point/{collection}/{id}'],
  )
})

test('a body may be one field', () => {
  const [binding] = bindingsOf('DeletePoints', {
    pattern: { case: 'post', value: '/v1/{collection}/delete' },
    body: 'filter',
  })
  assert.equal(binding?.body.kind, 'field')
})

test('what is not supported names the method', () => {
  const post = (value: string) => ({ case: 'post' as const, value })
  const rules: Rule[] = [
    undefined,
    {},
    { pattern: post('/v1/{nothing}'), body: '*' },
    { pattern: post('/v1/{filter}'), body: '*' },
    { pattern: post('/v1/{ids}'), body: '*' },
    { pattern: post('/v1/{collection=a/*}'), body: '*' },
    { pattern: post('/v1/x'), body: 'nothing' },
    { pattern: post('/v1/x'), body: '*', responseBody: 'affected' },
    { pattern: { case: 'get', value: '/v1/x' }, body: '*' },
    { pattern: { case: 'custom', value: { kind: 'HEAD', path: '/v1/x' } } },
  ]
  for (const rule of rules) {
    assert.throws(
      () => bindingsOf('DeletePoints', rule),
      (error) =>
        error instanceof UnsupportedDescriptor && /Points\.DeletePoints/.test(error.message),
      JSON.stringify(rule),
    )
  }
  const query = { pattern: post('/v1/x') }
  assert.throws(() => bindingsOf('UpsertPointsStream', query), /stream of requests/)
})
