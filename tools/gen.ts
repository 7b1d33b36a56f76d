// Writes all generated code from proto/**: packages/contracts/src/gen (protobuf-es and the public
// descriptor set with its comments), and with --rust the messages of the native crate.
//
//   npm run gen              lint the protos, write packages/contracts/src/gen
//   npm run gen -- --rust    ... and run the Rust generator
//   npm run gen -- --check   write nothing; fail when the committed code is stale
//
// Generation goes to a temporary folder first, so a failing proto leaves the old code in place.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const committed = join(root, 'packages/contracts/src/gen')

const { values: flags } = parseArgs({
  options: { check: { type: 'boolean' }, rust: { type: 'boolean' } },
})

const fresh = mkdtempSync(join(tmpdir(), 'vectron-gen-'))
try {
  generate(fresh)
  if (flags.check) checkFresh(fresh)
  else replaceCommitted(fresh)
} finally {
  rmSync(fresh, { recursive: true })
}
if (flags.rust) {
  const mode = flags.check ? ['--', '--check'] : []
  run('cargo', ['run', '--locked', '-p', 'gen-messages', ...mode], join(root, 'packages/native'))
}

function generate(folder: string): void {
  buf('lint')
  buf('generate', '--template', templateFor(folder))
  buf(
    'build',
    '--path',
    'proto/vectron',
    '--path',
    'proto/auth',
    '--output',
    join(folder, 'public.binpb'),
  )
}

function templateFor(folder: string): string {
  // Enums of TypeScript cannot be erased by type stripping, so the target is JavaScript with .d.ts.
  return JSON.stringify({
    version: 'v2',
    plugins: [
      {
        local: 'node_modules/.bin/protoc-gen-es',
        out: folder,
        opt: ['target=js+dts', 'import_extension=js'],
      },
    ],
    inputs: [{ directory: 'proto' }],
  })
}

function replaceCommitted(folder: string): void {
  rmSync(committed, { recursive: true, force: true })
  cpSync(folder, committed, { recursive: true })
  console.log(`wrote ${listFiles(folder).length} files to packages/contracts/src/gen`)
}

function checkFresh(folder: string): void {
  const stale = new Set<string>()
  const files = new Set([...listFiles(folder), ...listFiles(committed)])
  for (const file of files) {
    if (!sameBytes(join(folder, file), join(committed, file))) stale.add(file)
  }
  if (stale.size === 0) return
  console.error(`stale generated code; run: npm run gen\n  ${[...stale].join('\n  ')}`)
  process.exitCode = 1
}

function sameBytes(a: string, b: string): boolean {
  try {
    return readFileSync(a).equals(readFileSync(b))
  } catch {
    return false
  }
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

function buf(...args: string[]): void {
  run(join(root, 'node_modules/.bin/buf'), args, root)
}

function run(command: string, args: string[], cwd: string): void {
  const result = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (result.error) throw result.error
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed`)
}
