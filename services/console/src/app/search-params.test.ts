/** What an address holds, whoever typed it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choiceParam, countParam, textParam, textsParam } from './search-params.ts'

test('valid parameters are taken, others are left out', () => {
  assert.deepEqual(textParam({ find: 'a b' }, 'find'), { find: 'a b' })
  assert.deepEqual(textParam({ find: 7 }, 'find'), { find: '7' })
  for (const find of ['', undefined, {}, ['x']]) assert.deepEqual(textParam({ find }, 'find'), {})
  assert.deepEqual(choiceParam({ by: 'name' }, 'by', ['name', 'size']), { by: 'name' })
  assert.deepEqual(choiceParam({ by: 'else' }, 'by', ['name', 'size']), {})
  assert.deepEqual(countParam({ limit: 20 }, 'limit'), { limit: 20 })
  for (const limit of [-1, 1.5, '20', 1e300]) assert.deepEqual(countParam({ limit }, 'limit'), {})
  assert.deepEqual(textsParam({ columns: ['a', '', 7, 'b,c'] }, 'columns'), {
    columns: ['a', 'b,c'],
  })
  for (const columns of ['a', [], [7]]) assert.deepEqual(textsParam({ columns }, 'columns'), {})
})
