/** Figures and times as people read them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatAgo,
  formatBytes,
  formatDuration,
  formatMicros,
  formatPlural,
  formatShare,
} from './format.ts'

test('bytes have the unit that leaves few digits', () => {
  const shown = [0, 1023, 1024, 1536, 150 * 1024, 5 * 1024 ** 3, 3 * 1024 ** 6].map(formatBytes)
  assert.deepEqual(shown, ['0 B', '1023 B', '1.0 KiB', '1.5 KiB', '150 KiB', '5.0 GiB', '3072 PiB'])
})

test('times have the unit that leaves few digits', () => {
  const shown = [0, 840, 12_340, 1_250_000].map(formatMicros)
  assert.deepEqual(shown, ['–', '840 µs', '12.3 ms', '1.25 s'])
})

test('what is not whole is not shown as whole', () => {
  assert.deepEqual([0.5, 0.99999, 1].map(formatShare), ['50 %', '99.9 %', '100 %'])
})

test('moments are told from now', () => {
  const nowMs = Date.parse('2026-11-28T12:00:00Z')
  const shown = ['', '2026-11-28T11:59:50Z', '2026-11-28T11:57:00Z', '2026-11-27T12:00:00Z'].map(
    (time) => formatAgo(time, nowMs),
  )
  assert.deepEqual(shown, ['never', 'just now', '3 minutes ago', 'yesterday'])
})

test('spans and counts have their words', () => {
  const spans = [8, 750, 3 * 3600 + 120, 3 * 86_400 + 4 * 3600].map(formatDuration)
  assert.deepEqual(spans, ['8 s', '12 min', '3 h 2 min', '3 d 4 h'])
  assert.deepEqual(
    [formatPlural(1, 'point'), formatPlural(2000, 'point')],
    ['1 point', '2,000 points'],
  )
})
