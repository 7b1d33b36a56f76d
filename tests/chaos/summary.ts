/** The closing lines of a run. */
import type { Finding } from './final-checks.ts'
import type { Tally } from './tally.ts'

export function summarize(tally: Tally, findings: readonly Finding[]): string[] {
  const gap = tally.longestGap()
  return [
    `operations  ${count(tally.registerOperations)} on registers, ` +
      `${count(tally.registerUnknown)} of unknown outcome; ` +
      `${count(tally.batches)} batches of ${count(tally.points)} points; ` +
      `${count(tally.searches)} searches, ${count(tally.searchesFailed)} failed`,
    `faults      ${listed(tally.faults)}`,
    `failures    ${listed(tally.failures) || 'none'}`,
    `longest     ${(gap.ms / 1000).toFixed(1)} s without a write to ${gap.collection}, ` +
      `during: ${gap.during}`,
    ...findings.flatMap(({ line, violations }) => [
      `${violations.length === 0 ? 'passed      ' : 'FAILED      '}${line}`,
      ...violations.map((violation) => violation.replaceAll(/^/gm, '    ')),
    ]),
  ]
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([name, times]) => `${count(times)} ${name}`)
    .join(', ')
}
