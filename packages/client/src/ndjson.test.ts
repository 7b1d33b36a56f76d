/** Proves that lines are whole wherever the network cuts them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLines, writeLines } from './ndjson.ts'

function bodyOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
}

async function gather<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

test('values are read whole from chunks cut at any byte, inside characters too', async () => {
  const values = [{ a: 'käse' }, 1, '日本', { b: [null] }]
  const bytes = new TextEncoder().encode(values.map((v) => `${JSON.stringify(v)}\n`).join('\n'))
  for (let size = 1; size <= bytes.length; size += 1) {
    const chunks = []
    for (let start = 0; start < bytes.length; start += size) {
      chunks.push(bytes.subarray(start, start + size))
    }
    assert.deepEqual(await gather(readLines(bodyOf(chunks))), values, `chunks of ${size}`)
  }
})

test('a last line without a line break counts', async () => {
  const bytes = new TextEncoder().encode('{"a":1}\n{"b":2}')
  assert.deepEqual(await gather(readLines(bodyOf([bytes]))), [{ a: 1 }, { b: 2 }])
})

test('what is written is read back, and values are asked for one by one', async () => {
  let made = 0
  async function* values() {
    for (; made < 100; made += 1) yield { made }
  }
  const body = writeLines(values())
  const first = readLines(body)
  assert.deepEqual((await first.next()).value, { made: 0 })
  assert.ok(made < 10, `${made} made before they were wanted`)
  await first.return(undefined)
})
