// Proves that each shadow message of wire.v1 is wire-compatible with the public message of its
// name, so that the gateway may serve vectron.v1 with it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DescField, DescMessage, DescService } from '@bufbuild/protobuf'
import { ScalarType } from '@bufbuild/protobuf'
import { vectron, wire } from './index.ts'

test('every shadow service has the methods of its public service', () => {
  checkService(wire.Points, vectron.Points)
  checkService(wire.Search, vectron.Search)
})

test('a shadow that travels as bytes has the fields of its public message', () => {
  checkMessage(wire.ScoredPointSchema, vectron.ScoredPointSchema)
})

function checkService(shadow: DescService, open: DescService): void {
  const names = (service: DescService) => service.methods.map((method) => method.name)
  assert.deepEqual(names(shadow), names(open))
  for (const [i, method] of shadow.methods.entries()) {
    const other = open.methods[i]
    assert.ok(other)
    assert.equal(method.methodKind, other.methodKind, method.name)
    checkMessage(method.input, other.input)
    checkMessage(method.output, other.output)
  }
}

function checkMessage(shadow: DescMessage, open: DescMessage): void {
  if (shadow === open) return
  assert.equal(shadow.name, open.name)
  const describe = (message: DescMessage) =>
    message.fields.map((field) => `${field.number} ${field.name} ${field.jsonName}`)
  assert.deepEqual(describe(shadow), describe(open), shadow.typeName)
  for (const [i, field] of shadow.fields.entries()) checkField(field, open.fields[i] as DescField)
}

function checkField(shadow: DescField, open: DescField): void {
  const where = `${shadow.parent.typeName}.${shadow.name}`
  assert.equal(shadow.fieldKind === 'list', open.fieldKind === 'list', where)
  assert.equal(shadow.oneof?.name, open.oneof?.name, where)
  const opened = shadow.message !== undefined && open.message !== undefined
  if (opened) checkMessage(shadow.message as DescMessage, open.message as DescMessage)
  else if (isBytes(shadow)) assert.ok(isLengthDelimited(open), where)
  else assert.equal(shadow.scalar ?? shadow.enum, open.scalar ?? open.enum, where)
}

function isBytes(field: DescField): boolean {
  return field.scalar === ScalarType.BYTES
}

function isLengthDelimited(field: DescField): boolean {
  return field.message !== undefined || isBytes(field) || field.scalar === ScalarType.STRING
}
