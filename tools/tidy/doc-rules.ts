/**
 * Documents that must agree with the tree: paths that they name exist, and every run-time
 * dependency has its row in docs/DEPENDENCIES.md.
 */
import type { Finding, SourceFile } from './source-file.ts'

const DEPENDENCIES_PAGE = 'docs/DEPENDENCIES.md'
const PATH_IN_BACKTICKS = /`((?:packages|services|tools|docs|proto|tests)\/[\w./-]+)`/g

/** Paths in backticks that begin at the root must exist. */
export function checkPaths(files: readonly SourceFile[]): Finding[] {
  const known = new Set<string>()
  for (const { path } of files) addWithFolders(known, path)
  return files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap((page) =>
      [...page.text.matchAll(PATH_IN_BACKTICKS)].flatMap((match) => {
        const path = (match[1] ?? '').replace(/\/$/, '')
        if (known.has(path)) return []
        const line = page.text.slice(0, match.index).split('\n').length
        const message = `${path} does not exist; name the file that does this now`
        return [{ rule: 'doc-path', path: page.path, line, message }]
      }),
    )
}

function addWithFolders(known: Set<string>, path: string): void {
  const parts = path.split('/')
  for (let length = 1; length <= parts.length; length++) known.add(parts.slice(0, length).join('/'))
}

/** Dependencies of production packages and crates against the rows of the page, both ways. */
export function checkDependencies(files: readonly SourceFile[]): Finding[] {
  const page = files.find(({ path }) => path === DEPENDENCIES_PAGE)
  const find = (line: number, message: string): Finding => ({
    rule: 'dependency-row',
    path: DEPENDENCIES_PAGE,
    line,
    message,
  })
  if (page === undefined) return [find(0, 'the page does not exist')]
  const rows = rowsOf(page.text)
  const used = new Map([...npmDependencies(files), ...cargoDependencies(files)])
  const missing = [...used].filter(([name]) => !rows.has(name))
  const stale = [...rows].filter(([name]) => !used.has(name))
  return [
    ...missing.map(([name, by]) =>
      find(0, `add a row for \`${name}\` (${by}): what it does here, why this one, its price`),
    ),
    ...stale.map(([name, line]) => find(line, `remove \`${name}\`: nothing depends on it`)),
  ]
}

/** Names in backticks in the first cell of a row, with their lines. */
function rowsOf(text: string): Map<string, number> {
  const rows = new Map<string, number>()
  for (const [index, line] of text.split('\n').entries()) {
    const cell = /^\|([^|]*)\|/.exec(line)?.[1] ?? ''
    for (const name of cell.matchAll(/`([^`]+)`/g)) rows.set(name[1]!, index + 1)
  }
  return rows
}

function npmDependencies(files: readonly SourceFile[]): [string, string][] {
  return files
    .filter(({ path }) => /^((packages|services)\/[^/]+\/)?package\.json$/.test(path))
    .filter(({ path }) => !path.startsWith('packages/testkit/'))
    .flatMap(({ path, text }) => {
      const manifest = JSON.parse(text)
      const names = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
      const outside = names.filter((name) => !name.startsWith('@vectron/'))
      return outside.map((name): [string, string] => [name, path])
    })
}

/** Crates of `[dependencies]` sections that come from a registry. */
function cargoDependencies(files: readonly SourceFile[]): [string, string][] {
  return files
    .filter(({ path }) => /(^|\/)Cargo\.toml$/.test(path) && !path.includes('/gen-messages/'))
    .flatMap(({ path, text }) => {
      let section = ''
      return text.split('\n').flatMap((line): [string, string][] => {
        section = /^\[(.+)\]/.exec(line)?.[1] ?? section
        const name = /^([\w-]+)(\.workspace)?\s*=/.exec(line)?.[1]
        const counts = /^(target\..*\.)?dependencies$/.test(section)
        if (!counts || name === undefined || /\bpath\s*=/.test(line)) return []
        return [[name, path]]
      })
    })
}
