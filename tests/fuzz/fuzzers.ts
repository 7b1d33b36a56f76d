/** What can be sent to a running Vectron, by name. */
import { type FuzzedVectron, ROLES } from './fuzzed-vectron.ts'
import { runSchemathesis } from './schemathesis-run.ts'

export interface FuzzRun {
  readonly vectron: FuzzedVectron
  readonly seed: number
  /** At least as many are sent. */
  readonly requests: number
  readonly print: (line: string) => void
}

export interface FuzzOutcome {
  readonly requests: number
  /** What was wrong, for people; empty when nothing was. */
  readonly findings: string
}

type Fuzzer = (run: FuzzRun) => Promise<FuzzOutcome>

export const FUZZERS = {
  http: fuzzHttp,
} as const satisfies Record<string, Fuzzer>

export type FuzzerName = keyof typeof FUZZERS

/** Random requests for each operation in one run of schemathesis. */
const EXAMPLES = 100

/** The OpenAPI document, by each role in turn. */
async function fuzzHttp({ vectron, seed, requests, print }: FuzzRun): Promise<FuzzOutcome> {
  let sent = 0
  for (let turn = 0; sent < requests; turn++) {
    const role = ROLES[turn % ROLES.length] ?? 'owner'
    const coverage = turn < ROLES.length
    const run = { role, seed: seed + turn, coverage, examples: EXAMPLES }
    const outcome = await runSchemathesis(vectron, run)
    sent += outcome.requests
    print(`http: ${sent} requests sent, the last ${outcome.requests} as ${role}`)
    if (outcome.findings !== '') return { requests: sent, findings: outcome.findings }
  }
  return { requests: sent, findings: '' }
}
