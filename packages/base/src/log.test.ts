import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from './log.ts'

test('no API key reaches a log, neither in a field nor in a message', () => {
  const lines: string[] = []
  const logger = createLogger({ name: 'test', write: (line) => lines.push(line) })
  const key = 'vk_dev_a1b2c3d4_SECRETSECRETSECRET'
  logger.info({ apiKey: key, headers: { authorization: `Bearer ${key}`, 'x-api-key': key } }, 'a')
  logger.warn(`refused ${key}`)
  logger.warn({ shard: 1 }, `refused ${key}`)
  assert.equal(lines.length, 3)
  for (const line of lines) assert.ok(!line.includes('SECRET'), line)
  assert.match(lines[1]!, /refused vk_dev_\[redacted\]/)
})

test('lines are JSON with level, time and name, and respect the level', () => {
  const lines: string[] = []
  const logger = createLogger({ name: 'gateway', level: 'warn', write: (line) => lines.push(line) })
  logger.info('not written')
  logger.child({ shard: '7' }).warn('written')
  const line = JSON.parse(lines.join(''))
  assert.deepEqual(
    [line.level, line.name, line.shard, line.msg],
    ['warn', 'gateway', '7', 'written'],
  )
})
