/**
 * How files are called: kebab-case, one noun or verb each, and never a name that says nothing.
 */
import { basename } from 'node:path'
import { type Finding, isCode, isTypeScript, type SourceFile } from './source-file.ts'

/** Names that say nothing, and what to ask oneself instead. */
const EMPTY_NAMES = /^(utils?|helpers?|common|misc|managers?|types|shared|lib|stuff)$/
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|prop\.test|bench|contract|d))?\.[a-z]+$/
const SNAKE = /^[a-z0-9]+(_[a-z0-9]+)*\.rs$/

export function checkNames(file: SourceFile): Finding[] {
  if (!isCode(file.path)) return []
  const name = basename(file.path)
  const findings: Finding[] = []
  const find = (message: string) =>
    findings.push({ rule: 'file-name', path: file.path, line: 0, message })
  const stem = name.split('.')[0] ?? ''
  const saysNothing = EMPTY_NAMES.test(stem) && !/(^|\/)src\/lib\.rs$/.test(file.path)
  if (saysNothing) find(`"${stem}" says nothing; name the one noun or verb that the file is about`)
  if (isTypeScript(file.path) && !KEBAB.test(name)) find('use kebab-case, such as read-barrier.ts')
  if (name.endsWith('.rs') && !SNAKE.test(name)) find('use snake_case, such as read_barrier.rs')
  return findings
}
