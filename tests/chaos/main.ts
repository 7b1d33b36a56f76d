/**
 * `npm run chaos -- --minutes 5 [--seed 7] [--faults "kill,pause"]`: breaks a cluster of real
 * processes for a while and checks what it promised.
 *
 * Each process has a network namespace of its own; where that cannot be had, or with `--network
 * loopback`, a loopback address behind a proxy. Then no disk is filled: that needs a mount.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { systemRandom } from '@vectron/base'
import type { NetworkKind } from './chaos-cluster.ts'
import { ALL_FAULTS, type FaultKind } from './fault-plan.ts'
import { isInside, runInside, whyNoNamespaces } from './inside-namespaces.ts'
import { runChaos } from './run-chaos.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    faults: { type: 'string' },
    network: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})

const network = chooseNetwork()
process.exitCode = network === 'namespaces' && !isInside() ? await runInside() : await main()

function chooseNetwork(): NetworkKind {
  if (values.network === 'namespaces' || values.network === 'loopback') return values.network
  if (values.network !== undefined) throw new Error('--network takes namespaces or loopback')
  const why = isInside() ? undefined : whyNoNamespaces()
  if (why === undefined) return 'namespaces'
  print(`loopback and proxies, and no disk is filled: namespaces cannot be had here: ${why}`)
  return 'loopback'
}

async function main(): Promise<number> {
  const seed = BigInt(values.seed ?? systemRandom.nextBelow(1_000_000))
  const seconds = Number(values.seconds ?? Number(values.minutes ?? 1) * 60)
  const folder = mkdtempSync(path.join(tmpdir(), `vectron-chaos-${seed}-`))
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
  print(`chaos of ${seconds} s with seed ${seed} over ${network}; records in ${folder}`)
  const { passed, lines } = await runChaos({
    seed,
    durationMs: seconds * 1000,
    folder,
    network,
    signal: stop.signal,
    print,
    ...(values.faults === undefined ? {} : { kinds: parseKinds(values.faults) }),
  })
  for (const line of lines) print(line)
  const faults = values.faults === undefined ? '' : ` --faults "${values.faults}"`
  const again = `--seconds ${seconds} --seed ${seed} --network ${network}${faults}`
  if (passed && !values.keep) rmSync(folder, { recursive: true, force: true })
  else print(`again: npm run chaos -- ${again}; see ${folder}`)
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
