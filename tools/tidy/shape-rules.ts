/**
 * How a file looks: a head comment, a size that one can read, and no construct that has a better
 * replacement here. Layout within lines is biome's and rustfmt's.
 */
import {
  type Finding,
  isCode,
  isGenerated,
  isTest,
  isTypeScript,
  type SourceFile,
} from './source-file.ts'

const LINES_MAX = 600
const COLUMNS_MAX = 100
/** Text and addresses read better whole, and the formatters leave them so. */
const COLUMNS_WITH_TEXT_MAX = 120
const LONG_TEXT = /(['"`]).{60,}?\1|:\/\//

interface Ban {
  readonly rule: string
  readonly applies: (path: string) => boolean
  readonly pattern: RegExp
  readonly instead: string
}

// Put together from parts so that this file does not breach its own rule.
const LATER_MARKS = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`)
const SKIPPED = new RegExp(`\\b(test|it|describe)\\.(skip|todo|only)\\b|#\\[ign${'ore'}`)

const BANS: readonly Ban[] = [
  {
    rule: 'default-export',
    applies: isTypeScript,
    pattern: /^export default\b/,
    instead: 'export it by name',
  },
  {
    rule: 'erasable-syntax',
    applies: isTypeScript,
    pattern: /^\s*(export |declare )?(const )?(enum|namespace) [A-Z]/,
    instead: 'use a union of string literals, or a module',
  },
  {
    rule: 'later',
    applies: (path) => isCode(path) || path.endsWith('.md'),
    pattern: LATER_MARKS,
    instead: 'do it now, or file an issue and delete the mark',
  },
  {
    rule: 'skipped-test',
    applies: isCode,
    pattern: SKIPPED,
    instead: 'make the test pass, or delete it',
  },
  {
    rule: 'console',
    applies: (path) =>
      isTypeScript(path) && !isTest(path) && /^(packages|services)\/(?!cli|bench)/.test(path),
    pattern: /\bconsole\.(log|info|debug|warn|error)\(/,
    instead: 'take a Logger of @vectron/base',
  },
  {
    rule: 'ambient-clock',
    applies: (path) =>
      isTypeScript(path) && !isTest(path) && /^packages\/(raft|shard|routing)\//.test(path),
    pattern: /\b(Date\.now|performance\.now|setTimeout|setInterval|Math\.random)\(/,
    instead: 'take Clock or Random of @vectron/base as a parameter: the simulation runs this code',
  },
]

export function checkShape(file: SourceFile): Finding[] {
  const lines = file.text.split('\n')
  return [...checkHead(file, lines), ...checkSize(file, lines), ...checkBans(file, lines)]
}

function checkHead(file: SourceFile, lines: readonly string[]): Finding[] {
  if (!isCode(file.path) || isTest(file.path)) return []
  const first = lines.find((line) => line.trim() !== '' && !line.startsWith('#!')) ?? ''
  if (hasHead(file.path, first, lines)) return []
  const message =
    'begin with a comment: what the file owns, what stays true, what it leaves to whom'
  return [{ rule: 'head-comment', path: file.path, line: 1, message }]
}

function hasHead(path: string, first: string, lines: readonly string[]): boolean {
  if (path.endsWith('.rs')) return first.startsWith('//!')
  if (path.endsWith('.py')) return first.startsWith('"""') || first.startsWith('#')
  // `syntax` stands before any comment by custom; the comment follows within a few lines.
  if (path.endsWith('.proto')) return lines.slice(0, 12).some((line) => line.startsWith('//'))
  return first.startsWith('/*') || first.startsWith('//')
}

function checkSize(file: SourceFile, lines: readonly string[]): Finding[] {
  if (!isCode(file.path)) return []
  const findings: Finding[] = []
  if (lines.length > LINES_MAX + 1) {
    const message = `${lines.length} lines; split it by what it does (at most ${LINES_MAX})`
    findings.push({ rule: 'file-length', path: file.path, line: 0, message })
  }
  for (const [index, line] of lines.entries()) {
    const columns = [...line].length
    if (columns <= columnsMax(line)) continue
    const message = `${columns} columns; break the line (at most ${COLUMNS_MAX})`
    findings.push({ rule: 'line-length', path: file.path, line: index + 1, message })
  }
  return findings
}

function columnsMax(line: string): number {
  return LONG_TEXT.test(line) ? COLUMNS_WITH_TEXT_MAX : COLUMNS_MAX
}

function checkBans(file: SourceFile, lines: readonly string[]): Finding[] {
  if (isGenerated(file.path)) return []
  const bans = BANS.filter((ban) => ban.applies(file.path))
  return lines.flatMap((line, index) =>
    bans.flatMap(({ rule, pattern, instead }) => {
      const found = pattern.exec(line)
      if (found === null) return []
      const message = `"${found[0].trim()}": ${instead}`
      return [{ rule, path: file.path, line: index + 1, message }]
    }),
  )
}
