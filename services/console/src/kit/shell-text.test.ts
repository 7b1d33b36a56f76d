/** What is copied runs in a real shell and says the same. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { shellWord, toCurl } from './shell-text.ts'

test('any text is one word of a shell', () => {
  const texts = ['plain', "it's", '$HOME `x` "y" \\', 'two\nlines', "''", 'a b', '!x', '日本']
  for (const text of texts) {
    const said = execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })
    assert.equal(said, text)
  }
})

test('a call by curl has the method, the key of the shell, and the body as it is', () => {
  const call = { verb: 'POST', path: '/v1/x?y=a b', body: `{"text": "it's"}` }
  const command = toCurl('http://127.0.0.1:6180', call).replace(/^curl/, 'printf "%s|"')
  const env = { VECTRON_API_KEY: 'vk_x' }
  const said = execFileSync('sh', ['-c', command], { encoding: 'utf8', env }).split('|')
  assert.deepEqual(said.slice(0, 4), [
    '-s',
    'http://127.0.0.1:6180/v1/x?y=a b',
    '-H',
    'authorization: Bearer vk_x',
  ])
  assert.equal(said.at(-2), call.body)
  assert.match(toCurl('', { verb: 'DELETE', path: '/v1/x', body: '' }), /^curl -s -X DELETE /)
})
