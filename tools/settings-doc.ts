/**
 * Writes the tables of settings in docs/OPERATIONS.md from the settings of each process, or with
 * `--check` fails when they are stale.
 *
 * A table stands between `<!-- settings: worker -->` and `<!-- end -->`; the rest of the page is
 * written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { type ConfigSpec, listSettings } from '@vectron/base'
import {
  AUTH_SERVICE,
  gatewayService,
  PLACEMENT_SERVICE,
  RERANKER_SERVICE,
  STANDALONE_SETTINGS,
  WORKER_SERVICE,
} from '@vectron/process'

const PAGE = new URL('../docs/OPERATIONS.md', import.meta.url)
const TABLE = /(<!-- settings: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g

const SETTINGS: Readonly<Record<string, ConfigSpec>> = {
  auth: AUTH_SERVICE.settings,
  gateway: gatewayService([]).settings,
  placement: PLACEMENT_SERVICE.settings,
  reranker: RERANKER_SERVICE.settings,
  start: STANDALONE_SETTINGS,
  worker: WORKER_SERVICE.settings,
}

/** The page with all its tables as they must be. */
function renderPage(page: string): string {
  return page.replace(TABLE, (_whole, begin: string, name: string, end: string) => {
    const spec = SETTINGS[name]
    if (spec === undefined) throw new Error(`There are no settings of "${name}".`)
    return `${begin}${renderTable(spec)}\n${end}`
  })
}

function renderTable(spec: ConfigSpec): string {
  const rows = listSettings(spec).map((row) => {
    const shown = row.default === '""' ? '' : `\`${row.default}\``
    return `| \`${row.path}\` | ${shown} | ${row.describe} |`
  })
  return ['| setting | default | what it is |', '|---|---|---|', ...rows].join('\n')
}

function main(args: readonly string[]): void {
  const page = readFileSync(PAGE, 'utf8')
  const rendered = renderPage(page)
  if (!args.includes('--check')) {
    writeFileSync(PAGE, rendered)
    return
  }
  const shown = new Set([...page.matchAll(TABLE)].map(([, , name]) => name))
  const missing = Object.keys(SETTINGS).filter((name) => !shown.has(name))
  if (page === rendered && missing.length === 0) return
  for (const name of missing) console.error(`docs/OPERATIONS.md has no table of ${name}`)
  console.error('docs/OPERATIONS.md is stale; run node tools/run.mjs tools/settings-doc.ts')
  process.exitCode = 1
}

if (import.meta.main) main(process.argv.slice(2))
