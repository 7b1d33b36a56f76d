/**
 * How quick the console is, in a real Chromium on the real product: `npm run console:bench --
 * [scenario ...] [--size small|full]`. One file for each scenario.
 *
 * Times are the browser's own: from the input event to the frame that shows what was asked for.
 * Prints each scenario as a table for docs/BENCHMARKS.md, which says what the figures mean, and
 * ends with one `name=value` line for each.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { openConsole } from '../console/open-console.ts'
import { figureTables } from './figure-table.ts'
import { benchMap } from './map-scenario.ts'
import { benchPoints } from './points-scenario.ts'
import type { Scenario } from './scenario.ts'
import { benchScripts } from './scripts-scenario.ts'

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  points: benchPoints,
  map: benchMap,
  scripts: benchScripts,
}
const FOLDER = path.resolve(import.meta.dirname, '../../bench-results')

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { size: { type: 'string', default: 'full' } },
  })
  const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS)
  const { size } = values
  if (size !== 'small' && size !== 'full') {
    throw new Error(`--size is "${size}": it may be small or full.`)
  }
  const figures = new Map<string, number>()
  for (const name of names) {
    const scenario = SCENARIOS[name]
    if (scenario === undefined) {
      throw new Error(`There is no scenario "${name}": ${Object.keys(SCENARIOS).join(', ')}.`)
    }
    const opened = await openConsole()
    try {
      const measured = await scenario(opened, { size })
      process.stdout.write(`${figureTables(name, measured).join('\n')}\n`)
      for (const [figure, value] of measured) figures.set(`console.${name}.${figure}`, value)
    } finally {
      await opened.close()
    }
  }
  mkdirSync(FOLDER, { recursive: true })
  const time = new Date().toISOString()
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version }
  const report = { bench: 'console', time, machine, size, figures: Object.fromEntries(figures) }
  const file = path.join(FOLDER, `console-${time.replace(/[:.]/g, '-')}.json`)
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  const lines = [...figures].map(([name, value]) => `${name}=${Number(value.toPrecision(4))}`)
  process.stdout.write(`${[file, ...lines].join('\n')}\n`)
}

await main()
