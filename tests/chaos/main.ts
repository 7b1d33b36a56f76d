/**
 * `npm run chaos -- --minutes 5 [--seed 7] [--faults "kill,pause"]`: breaks a cluster of real
 * processes for a while and checks what it promised.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { systemRandom } from '@vectron/base'
import { ALL_FAULTS, type FaultKind } from './fault-plan.ts'
import { isInside, runInside, whyNoNamespaces } from './inside-namespaces.ts'
import { runChaos } from './run-chaos.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    faults: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})

process.exitCode = isInside() ? await main() : await enter()

async function enter(): Promise<number> {
  const why = whyNoNamespaces()
  if (why === undefined) return runInside()
  process.stderr.write(`chaos needs namespaces of its own, and cannot have them here: ${why}\n`)
  return 1
}

async function main(): Promise<number> {
  const seed = BigInt(values.seed ?? systemRandom.nextBelow(1_000_000))
  const seconds = Number(values.seconds ?? Number(values.minutes ?? 1) * 60)
  const folder = mkdtempSync(path.join(tmpdir(), `vectron-chaos-${seed}-`))
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
  print(`chaos of ${seconds} s with seed ${seed}; records in ${folder}`)
  const { passed, lines } = await runChaos({
    seed,
    durationMs: seconds * 1000,
    folder,
    signal: stop.signal,
    print,
    ...(values.faults === undefined ? {} : { kinds: parseKinds(values.faults) }),
  })
  for (const line of lines) print(line)
  const again = values.faults === undefined ? '' : ` --faults "${values.faults}"`
  if (passed && !values.keep) rmSync(folder, { recursive: true, force: true })
  else print(`again: npm run chaos -- --seconds ${seconds} --seed ${seed}${again}; see ${folder}`)
  return passed ? 0 : 1
}

function parseKinds(text: string): FaultKind[] {
  return text.split(',').map((name) => {
    const kind = ALL_FAULTS.find((one) => one === name.trim())
    if (kind !== undefined) return kind
    throw new Error(`no fault "${name.trim()}"; there are: ${ALL_FAULTS.join(', ')}`)
  })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
