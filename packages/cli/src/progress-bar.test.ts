/** Proves rate, time left and line forms of progress, with a clock of the test's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatCount, formatSeconds, ProgressBar } from './progress-bar.ts'
import type { Terminal } from './terminal.ts'

/** A terminal that remembers what it shows. */
function recorder(isTerminal: boolean) {
  const lines: string[] = []
  const same = (text: string) => text
  const terminal: Terminal = {
    out: (text) => lines.push(text),
    note: (text) => lines.push(text),
    status: (text) => text !== undefined && lines.push(text),
    isOutTerminal: isTerminal,
    isNoteTerminal: isTerminal,
    askSecret: async () => undefined,
    columns: 80,
    bold: same,
    dim: same,
    red: same,
    ask: async () => undefined,
  }
  return { lines, terminal }
}

test('a terminal gets a bar with share, rate and time left', () => {
  const { lines, terminal } = recorder(true)
  let nowMs = 0
  const bar = new ProgressBar(terminal, {
    label: 'load',
    total: 1000,
    start: 200,
    unit: 'points',
    nowMs: () => nowMs,
  })
  nowMs = 50
  bar.update(210)
  assert.deepEqual(lines, [], 'not redrawn for every batch')
  nowMs = 2000
  bar.update(500)
  assert.match(
    lines[0] ?? '',
    /^load {2}▕█{12} +▏ +50 % {2}500\/1,000 {2}150 points\/s {2}3\.3 s left$/,
  )
  nowMs = 4000
  bar.update(1000)
  bar.finish()
  assert.equal(lines.at(-1), 'load: 1,000 points in 4.0 s (200/s)')
})

test('elsewhere lines are sparse, and an unknown total has no share', () => {
  const { lines, terminal } = recorder(false)
  let nowMs = 0
  const options = { label: 'x', total: undefined, unit: 'rows', nowMs: () => nowMs }
  const bar = new ProgressBar(terminal, options)
  for (nowMs = 100; nowMs <= 10_000; nowMs += 100) bar.update(nowMs)
  assert.deepEqual(lines, ['x  5,000  1,000 rows/s', 'x  10,000  1,000 rows/s'])
})

test('counts and times are easy to read', () => {
  assert.equal(formatCount(1_234_567.4), '1,234,567')
  assert.equal(formatSeconds(0.84), '0.8 s')
  assert.equal(formatSeconds(42.4), '42 s')
  assert.equal(formatSeconds(185), '3 min 5 s')
})
