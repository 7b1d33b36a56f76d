/**
 * `npm run check`: everything about the code that is not its behaviour, in one command.
 *
 * Runs every step even when one fails, prints one line a step with its time and the output of those
 * that failed, and exits with 1 when any did. `npm run check -- tidy types` runs only those.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { didYouMean } from '@vectron/base'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CRATES = join(ROOT, 'packages/native')

interface Step {
  readonly name: string
  /** What to do when it fails. */
  readonly cure: string
  readonly command: readonly [program: string, ...args: string[]]
  readonly folder: string
}

const bin = (name: string) => join(ROOT, 'node_modules/.bin', name)

/** Goes before all others: what somebody has added since is missed by every one of them. */
const DEPENDENCIES: Step = {
  name: 'dependencies',
  cure: 'npm install',
  command: [process.execPath, 'tools/setup-dependencies.mjs'],
  folder: ROOT,
}

const STEPS: readonly Step[] = [
  {
    name: 'types',
    cure: 'correct the types',
    command: [bin('tsc'), '--noEmit', '-p', '.'],
    folder: ROOT,
  },
  {
    name: 'lint',
    cure: 'npx biome check --write',
    command: [bin('biome'), 'check', '--error-on-warnings', '.'],
    folder: ROOT,
  },
  {
    name: 'dead-code',
    cure: 'delete what nobody uses, or stop exporting it',
    command: [bin('knip'), '--no-progress', '--no-config-hints'],
    folder: ROOT,
  },
  {
    name: 'tidy',
    cure: 'each line names the replacement',
    command: [process.execPath, 'tools/tidy.ts'],
    folder: ROOT,
  },
  {
    name: 'errors-doc',
    cure: 'node tools/run.mjs tools/errors-doc.ts',
    command: [process.execPath, 'tools/errors-doc.ts', '--check'],
    folder: ROOT,
  },
  {
    name: 'settings-doc',
    cure: 'node tools/run.mjs tools/settings-doc.ts',
    command: [process.execPath, 'tools/settings-doc.ts', '--check'],
    folder: ROOT,
  },
  {
    name: 'generated',
    cure: 'npm run gen -- --rust',
    command: [process.execPath, 'tools/gen.ts', '--check', '--rust'],
    folder: ROOT,
  },
  {
    name: 'rustfmt',
    cure: 'cargo fmt --all in packages/native',
    command: ['cargo', 'fmt', '--all', '--check'],
    folder: CRATES,
  },
  {
    name: 'clippy',
    cure: 'correct the lints',
    // The profile of the addon, so that build scripts and macros are compiled once.
    command: [
      'cargo',
      'clippy',
      '--release',
      '--locked',
      '--workspace',
      '--all-targets',
      '--',
      '-D',
      'warnings',
    ],
    folder: CRATES,
  },
]

async function main(names: readonly string[]): Promise<void> {
  const steps = [DEPENDENCIES, ...(names.length === 0 ? STEPS : names.map(stepOf))]
  const failed: string[] = []
  for (const step of steps) {
    const started = performance.now()
    const { exitCode, output } = await run(step)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const verdict = exitCode === 0 ? 'ok' : `FAILED (${step.cure})`
    console.log(`check ${step.name.padEnd(12)} ${seconds.padStart(6)} s  ${verdict}`)
    if (exitCode === 0) continue
    failed.push(step.name)
    console.log(output.trimEnd().replace(/^/gm, '    '))
  }
  console.log(`check: ${steps.length - failed.length} of ${steps.length} steps passed`)
  process.exitCode = failed.length === 0 ? 0 : 1
}

function stepOf(name: string): Step {
  const step = STEPS.find((one) => one.name === name)
  if (step !== undefined) return step
  const known = STEPS.map((one) => one.name)
  console.error(`No step "${name}".${didYouMean(name, known)} Steps: ${known.join(', ')}`)
  process.exit(2)
}

function run(step: Step): Promise<{ exitCode: number; output: string }> {
  const [program, ...args] = step.command
  return new Promise((resolve) => {
    if (!existsSync(step.folder)) return resolve({ exitCode: 1, output: `no ${step.folder}` })
    const child = spawn(program, args, { cwd: step.folder, env: { ...process.env, NO_COLOR: '1' } })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.on('error', (error) => resolve({ exitCode: 1, output: error.message }))
    child.on('close', (code) => resolve({ exitCode: code ?? 1, output }))
  })
}

await main(process.argv.slice(2))
