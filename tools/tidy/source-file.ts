/**
 * The files that the style test reads: everything git knows or would add, with its text.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string
  readonly text: string
}

/** One breach of the style. */
export interface Finding {
  readonly rule: string
  readonly path: string
  /** 1-based; 0 for the file as a whole. */
  readonly line: number
  /** What is wrong and what to write instead. */
  readonly message: string
}

const TEXT =
  /\.(ts|tsx|mts|mjs|js|rs|proto|md|json|toml|yaml|yml|py|sh|css|html|svg)$|(^|\/)\.[a-z]+$/
const BYTES_MAX = 2 * 1024 * 1024

/** All text files of the work tree but ignored ones. */
export function listSourceFiles(root: string): SourceFile[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
  const paths = [...new Set(listed.split('\0'))].filter((path) => TEXT.test(path)).sort()
  return paths.flatMap((path) => {
    const file = join(root, path)
    if (!existsSync(file) || statSync(file).size > BYTES_MAX) return []
    return [{ path, text: readFileSync(file, 'utf8') }]
  })
}

/** Written by a generator; only the rules about secrets of the machine apply. */
export function isGenerated(path: string): boolean {
  return /(^|\/)src\/gen\//.test(path) || /(^|\/)(package-lock\.json|Cargo\.lock)$/.test(path)
}

export function isCode(path: string): boolean {
  return /\.(ts|tsx|mts|mjs|js|rs|proto|py)$/.test(path) && !isGenerated(path)
}

export function isTypeScript(path: string): boolean {
  return /\.tsx?$/.test(path) && !isGenerated(path)
}

/** Tests, and code that only tests run. */
export function isTest(path: string): boolean {
  return /\.(test|contract)\.tsx?$/.test(path) || /(^|\/)(tests?|fixtures)\//.test(path)
}
