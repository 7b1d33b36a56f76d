/**
 * The style test: what docs/HACKING.md asks of every file, as far as a machine can tell.
 *
 * Each finding names its replacement. Rules live in tools/tidy/, one file a kind; exceptions in
 * tools/tidy/exceptions.ts alone. Leaves types, lint and format to tsc, biome, rustfmt and clippy.
 */
import { fileURLToPath } from 'node:url'
import { checkDependencies, checkPaths } from './tidy/doc-rules.ts'
import { EXCEPTIONS, type Exception } from './tidy/exceptions.ts'
import { checkLayers } from './tidy/layer-rules.ts'
import { checkNames } from './tidy/name-rules.ts'
import { checkPrivacy } from './tidy/privacy-rules.ts'
import { checkSafety } from './tidy/safety-rule.ts'
import { checkShape } from './tidy/shape-rules.ts'
import { type Finding, listSourceFiles, type SourceFile } from './tidy/source-file.ts'

const FILE_RULES = [checkNames, checkShape, checkSafety, checkLayers, checkPrivacy]
const TREE_RULES = [checkPaths, checkDependencies]

/** All findings but excepted ones, in the order of paths. */
export function checkTree(
  files: readonly SourceFile[],
  exceptions: readonly Exception[] = EXCEPTIONS,
): Finding[] {
  const findings = [
    ...files.flatMap((file) => FILE_RULES.flatMap((rule) => rule(file))),
    ...TREE_RULES.flatMap((rule) => rule(files)),
  ]
  const covers = (exception: Exception, finding: Finding) =>
    exception.rule === finding.rule && exception.path === finding.path
  const kept = findings.filter((finding) => !exceptions.some((one) => covers(one, finding)))
  const needless = exceptions.filter((one) => !findings.some((finding) => covers(one, finding)))
  return [...kept, ...needless.map(reportNeedless)].sort(byPlace)
}

function reportNeedless(exception: Exception): Finding {
  const message = `no "${exception.rule}" here any more: delete it from tools/tidy/exceptions.ts`
  return { rule: 'exception', path: exception.path, line: 0, message }
}

function byPlace(a: Finding, b: Finding): number {
  return a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1
}

function main(): void {
  const files = listSourceFiles(fileURLToPath(new URL('..', import.meta.url)))
  const findings = checkTree(files)
  for (const { rule, path, line, message } of findings) {
    console.log(`${path}${line > 0 ? `:${line}` : ''}  ${rule}: ${message}`)
  }
  console.log(`tidy: ${files.length} files, ${findings.length} findings`)
  process.exitCode = findings.length === 0 ? 0 : 1
}

if (import.meta.main) main()
