/**
 * `npm run fuzz -- --requests 100000 [--seed 7] [--only http]`: sends nonsense to a Vectron of its
 * own and checks that every answer is one that is documented, and that memory stays flat.
 */
import { parseArgs } from 'node:util'
import { systemRandom } from '@vectron/base'
import { FUZZERS, type FuzzerName } from './fuzzers.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    only: { type: 'string' },
  },
})
const seed = Number(values.seed ?? systemRandom.nextBelow(1_000_000))
const requests = Number(values.requests)
const names = values.only === undefined ? (Object.keys(FUZZERS) as FuzzerName[]) : [parseName()]

process.exitCode = (await runAll()) ? 0 : 1

async function runAll(): Promise<boolean> {
  let passed = true
  for (const name of names) passed = (await runOne(name)) && passed
  return passed
}

async function runOne(name: FuzzerName): Promise<boolean> {
  print(`${name}: ${requests} requests with seed ${seed}`)
  const outcome = await FUZZERS[name]({ seed, requests, print })
  print(`${name}: ${outcome.requests} requests sent`)
  if (outcome.findings === '') return true
  print(outcome.findings)
  print(`again: npm run fuzz -- --only ${name} --seed ${seed} --requests ${requests}`)
  return false
}

function parseName(): FuzzerName {
  const found = Object.keys(FUZZERS).find((name) => name === values.only)
  if (found !== undefined) return found as FuzzerName
  throw new Error(`no fuzzer "${values.only}"; there are: ${Object.keys(FUZZERS).join(', ')}`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
