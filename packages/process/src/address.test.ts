import assert from 'node:assert/strict'
import { test } from 'node:test'
import { advertised, formatAddress, parseAddress, parseMember } from './address.ts'

test('An address is read with names, numbers and IPv6, and written back the same.', () => {
  for (const text of ['10.0.0.1:6200', 'worker-1.internal:6200', '[::1]:6200']) {
    assert.equal(formatAddress(parseAddress(text)), text)
  }
  assert.equal(parseAddress('[::1]:6200').host, '::1')
  for (const wrong of ['', 'host', 'host:', ':1', 'a b:1', 'http://host:1']) {
    assert.throws(() => parseAddress(wrong), /is not host:port/)
  }
})

test('A member of placement is its number, its host and its two ports.', () => {
  assert.deepEqual(parseMember('2@10.0.0.2:6190/6191'), {
    memberId: 2n,
    address: '10.0.0.2:6190',
    raftAddress: '10.0.0.2:6191',
  })
  for (const wrong of ['10.0.0.2:6190/6191', '6@h:1/2', '1@h:1', '1@h/2']) {
    assert.throws(() => parseMember(wrong), /member@host:grpcPort\/raftPort/)
  }
})

test('Who listens on every address must tell others which one is meant.', () => {
  const all = { host: '0.0.0.0', port: 1, advertise: '', setting: 'grpc.advertise' }
  assert.throws(() => advertised(all, 1), /grpc\.advertise must say where/)
  assert.equal(advertised({ ...all, advertise: 'w1:7' }, 1), 'w1:7')
  assert.equal(advertised({ ...all, host: '::1' }, 9), '[::1]:9')
})
