/** Proves where address and key come from, and that a key goes only to the address it is for. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { findConnection, URL_DEFAULT } from './connection.ts'
import { profilePath, readProfile, writeProfile } from './profile.ts'

const data = mkdtempSync(path.join(tmpdir(), 'vectron-profile-'))
after(() => rmSync(data, { recursive: true }))
const PROFILE = { url: 'http://127.0.0.1:7000', apiKey: 'vk_dev_profile' }

test('without anything it is the default address and no key', () => {
  const { url, apiKey } = findConnection({ data: path.join(data, 'absent') }, {})
  assert.deepEqual(url, { value: URL_DEFAULT, origin: 'default' })
  assert.equal(apiKey, undefined)
})

test('the profile gives both, and only its owner may read it', () => {
  writeProfile(data, PROFILE)
  assert.equal(statSync(profilePath(data)).mode & 0o777, 0o600)
  assert.deepEqual(readProfile(data), PROFILE)
  const { url, apiKey } = findConnection({ data }, {})
  assert.equal(url.value, PROFILE.url)
  assert.equal(apiKey?.value, PROFILE.apiKey)
  assert.equal(findConnection({}, { VECTRON_DATA: data }).url.value, PROFILE.url)
})

test('a key of the profile never goes to another address', () => {
  const { apiKey } = findConnection({ data, url: 'http://elsewhere' }, {})
  assert.equal(apiKey, undefined)
})

test('a profile that is no profile is named', () => {
  writeFileSync(profilePath(data), '{"url": 1}')
  assert.throws(() => readProfile(data), /profile\.json is not a profile/)
})
