/**
 * `npm run bench -- index | server | ingest | restart | planner | failover | idle | auth |
 * tracing | relevance [--size small]`.
 *
 * Prints progress to standard error, writes a JSON file with everything measured, and ends with one
 * `name=value` line for each figure. docs/BENCHMARKS.md says what they mean. Asserts nothing: a
 * benchmark is no test.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { didYouMean } from '@vectron/base'
import { benchAuth } from './auth-bench.ts'
import type { BenchOptions } from './bench-options.ts'
import { benchFailover } from './failover-bench.ts'
import { benchIdle } from './idle-bench.ts'
import { benchIndex } from './index-bench.ts'
import { benchIngest } from './ingest-bench.ts'
import { benchPlanner } from './planner-bench.ts'
import { benchRelevance } from './relevance-bench.ts'
import { closingLines, type Report, writeReport } from './report.ts'
import { benchRestart } from './restart-bench.ts'
import { benchServer } from './server-bench.ts'
import { benchTracing } from './tracing-bench.ts'

const BENCHES: Readonly<Record<string, (options: BenchOptions) => Promise<Report>>> = {
  index: benchIndex,
  server: benchServer,
  ingest: benchIngest,
  restart: benchRestart,
  planner: benchPlanner,
  failover: benchFailover,
  idle: benchIdle,
  auth: benchAuth,
  tracing: benchTracing,
  relevance: benchRelevance,
}

const USAGE = `Usage: npm run bench -- <${Object.keys(BENCHES).join(' | ')}> [options]

  --size small|full   small takes seconds and needs no peers; default full
  --rounds N          rounds of searches; default 5 (small: 1)
  --build-rounds N    rounds of builds and loads; default 5 (small: 1);
                      0 (index only): search what an earlier run saved
  --no-peers          leave out hnswlib and usearch, and with them the ratios
  --cache FOLDER      prepared data and the peers' environment; default .cache/bench
  --out FOLDER        result files; default bench-results`

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      size: { type: 'string', default: 'full' },
      rounds: { type: 'string' },
      'build-rounds': { type: 'string' },
      'no-peers': { type: 'boolean', default: false },
      cache: { type: 'string', default: join('.cache', 'bench') },
      out: { type: 'string', default: 'bench-results' },
    },
  })
  const name = positionals[0] ?? ''
  const bench = BENCHES[name]
  if (bench === undefined || (values.size !== 'small' && values.size !== 'full')) {
    if (name !== '')
      console.error(`No benchmark "${name}".${didYouMean(name, Object.keys(BENCHES))}`)
    console.error(USAGE)
    return 2
  }
  const rounds = values.size === 'small' ? '1' : '5'
  const report = await bench({
    size: values.size,
    rounds: Number(values.rounds ?? rounds),
    buildRounds: Number(values['build-rounds'] ?? rounds),
    withPeers: values.size === 'full' && !values['no-peers'],
    cache: values.cache,
    note: (line) => console.error(`bench ${name}: ${line}`),
  })
  console.error(`bench ${name}: all figures in ${writeReport(values.out, report)}`)
  console.log(closingLines(report).join('\n'))
  return 0
}

process.exitCode = await main(process.argv.slice(2))
