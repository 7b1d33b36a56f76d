/**
 * What belongs to one machine stays out of every file: paths of somebody's disk, addresses of
 * package registries (which differ between machines), keys.
 */
import type { Finding, SourceFile } from './source-file.ts'

interface Secret {
  readonly pattern: RegExp
  readonly instead: string
}

// Each pattern is broken by a class or group so that this file does not match itself.
const SECRETS: readonly Secret[] = [
  {
    pattern: /(?<![\w.<@-])\/(wor[k]|roo[t]|hom[e]\/[a-z]+|User[s]\/[a-z]+)\//,
    instead: 'use a path from the root of the clone, or the folder of a setting',
  },
  {
    pattern: /(?<![\w.<$-])\/tm[p]\//,
    instead: 'use os.tmpdir() or std::env::temp_dir()',
  },
  {
    pattern:
      /registry\.npmj[s]|(static|index)\.crates\.i[o]|py[p]i\.org|pythonhoste[d]|deb\.debia[n]/,
    instead: 'let the package client find its registry',
  },
  { pattern: /\bAKI[A][0-9A-Z]{16}\b|-----BEGI[N] [A-Z ]*PRIVATE KEY/, instead: 'remove the key' },
]

export function checkPrivacy(file: SourceFile): Finding[] {
  return file.text.split('\n').flatMap((line, index) =>
    SECRETS.flatMap(({ pattern, instead }) => {
      const found = pattern.exec(line)
      if (found === null) return []
      const message = `"${found[0]}": ${instead}`
      return [{ rule: 'machine', path: file.path, line: index + 1, message }]
    }),
  )
}
