/**
 * Every unsafe block and unsafe impl of Rust says why it is sound: `// Safety:` right above it.
 */
import { type Finding, isCode, type SourceFile } from './source-file.ts'

const UNSAFE = /\bunsafe (\{|impl\b)/
const SAFETY = /\bsafety:/i

export function checkSafety(file: SourceFile): Finding[] {
  if (!file.path.endsWith('.rs') || !isCode(file.path)) return []
  const lines = file.text.split('\n')
  return lines.flatMap((line, index) => {
    const code = line.replace(/\/\/.*$/, '')
    if (!UNSAFE.test(code) || SAFETY.test(line) || explainedAbove(lines, index)) return []
    const message = 'write "// Safety:" above it: why every condition of the call holds'
    return [{ rule: 'unsafe', path: file.path, line: index + 1, message }]
  })
}

/** Looks up through the statement that the block belongs to, then through its comment. */
function explainedAbove(lines: readonly string[], index: number): boolean {
  let at = index - 1
  const startsStatement = (line: string) => /[;{}]\s*$/.test(line) || line.trim() === ''
  while (at >= 0 && !isComment(lines[at]!) && !startsStatement(lines[at]!)) at--
  while (at >= 0 && isComment(lines[at]!)) {
    if (SAFETY.test(lines[at]!)) return true
    at--
  }
  return false
}

function isComment(line: string): boolean {
  const text = line.trim()
  return text.startsWith('//') || text.startsWith('#[')
}
