// Proves that the OpenAPI document is valid, has an operation for every method and the words of the
// protos, and describes the JSON that the codec writes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { Validator } from '@seriousme/openapi-schema-validator'
import { vectron } from '@vectron/contracts'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { messageToJson } from '../json/json-codec.ts'
import { planMessage } from '../json/plan.ts'
import { openApiDocument } from './document.ts'

const services = [vectron.Collections, vectron.Points, vectron.Search, vectron.Cluster]
const document = openApiDocument({ services, version: '1.2.3' })
const operations = Object.values(document.paths).flatMap((path) => Object.values(path))

test('it is valid OpenAPI 3.1', async () => {
  const result = await new Validator().validate(structuredClone(document) as never)
  assert.deepEqual(result, { valid: true })
})

test('every method is an operation, with a summary', () => {
  const methods = services.flatMap((service) => service.methods.map((method) => method.localName))
  const ids = operations.map((operation) => operation.operationId)
  assert.deepEqual([...ids].sort(), [...methods].sort())
  const commented = operations.filter((operation) => operation['summary'] !== undefined)
  assert.ok(commented.length > operations.length / 2)
  const get = document.paths['/v1/collections/{collection}/points/{id}']?.['get']
  assert.equal(get?.['description'], 'One point by its id.')
})

test('fields have the comments of the protos, enums their short names', () => {
  assert.equal(properties('Point')['id']?.description, '1 to 512 bytes of UTF-8.')
  assert.deepEqual(document.components.schemas['Metric']?.['enum'], [
    'unspecified',
    'cosine',
    'dot',
    'l2',
  ])
  assert.ok(!('collection' in properties('SearchRequest')))
})

function properties(schema: string): Record<string, { description: string }> {
  const described = document.components.schemas[schema]
  assert.ok(described)
  return described['properties'] as Record<string, { description: string }>
}

test('what the codec writes fits the schema', () => {
  const ajv = new Ajv2020({ strict: false, formats: { uint64: true } })
  ajv.addSchema({ $id: 'openapi', ...document })
  const filled = create(vectron.CollectionSchema, {
    name: 'c',
    metric: vectron.Metric.L2,
    pointsCount: 2n ** 60n,
    payloadSchema: { a: vectron.FieldType.KEYWORD },
  })
  for (const message of [create(vectron.CollectionSchema), filled]) {
    const json = messageToJson(
      planMessage(vectron.CollectionSchema),
      Buffer.from(toBinary(vectron.CollectionSchema, message)),
    )
    const valid = ajv.validate(
      'openapi#/components/schemas/Collection',
      JSON.parse(json.toString()),
    )
    assert.ok(valid, ajv.errorsText())
  }
})
