/** An edit of a payload changes what was edited alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatExact, parseExact } from './exact-json.ts'

test('integers beyond 2^53 stay as they were written', () => {
  const text =
    '{"id":9223372036854775807,"at":[-9007199254740993,1,2.5,1e3],"s":"12345678901234567890"}'
  assert.equal(JSON.stringify(parseExact(text)), text.replace('1e3', '1000'))
  assert.match(formatExact(parseExact(text)), /^ {2}"id": 9223372036854775807,$/m)
  assert.throws(() => parseExact('{"a":'), SyntaxError)
})
