/**
 * Runs schemathesis over the OpenAPI document of a running Vectron.
 *
 * Every answer must have a status below 500 that the document knows, with the content type, headers
 * and schema that it states. The one endless stream, which schemathesis would wait for, is read by
 * us.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pythonCommand } from '../python/python-command.ts'
import type { FuzzedVectron, Role } from './fuzzed-vectron.ts'
import type { FuzzOutcome } from './fuzzers.ts'

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
  'allow_header_conformance',
]
const ENDLESS = { operation: 'watchCluster', path: '/v1/cluster/watch' }
const REQUIREMENTS = path.join(import.meta.dirname, 'schemathesis-requirements.txt')
const HOOKS = path.join(import.meta.dirname, 'schemathesis-hooks.py')
const ENDLESS_READS = 20

export interface SchemathesisOptions {
  readonly role: Role
  readonly seed: number
  /** Whether requests that cover each schema come first: some 6,000, the same for all seeds. */
  readonly coverage: boolean
  /** Random requests for each operation. */
  readonly examples: number
}

export async function runSchemathesis(
  vectron: FuzzedVectron,
  { role, seed, coverage, examples }: SchemathesisOptions,
): Promise<FuzzOutcome> {
  const key = await vectron.credential(role)
  if (role === 'owner') await readEndlessStream(vectron, key)
  const folder = mkdtempSync(path.join(tmpdir(), 'vectron-schemathesis-'))
  try {
    const report = path.join(folder, 'report.json')
    const args = ['run', `${vectron.process.url}/openapi.json`]
    args.push('--header', `Authorization: Bearer ${key}`, '--seed', String(seed))
    args.push('--max-examples', String(examples))
    args.push('--phases', coverage ? 'coverage,fuzzing' : 'fuzzing')
    args.push('--checks', CHECKS.join(), '--exclude-operation-id', ENDLESS.operation)
    // It would end the account's token, and every request behind it be refused.
    if (role === 'person') args.push('--exclude-operation-id', 'logOut')
    args.push('--generation-with-security-parameters', 'false', '--generation-database', 'none')
    args.push('--suppress-health-check', 'all', '--warnings', 'off', '--no-shrink', '--no-color')
    args.push('--continue-on-failure', '--request-timeout', '60')
    args.push('--report', 'json', '--report-json-path', report)
    const env = { ...process.env, VECTRON_FUZZ_KNOWN: JSON.stringify(vectron.known) }
    const child = spawn(pythonCommand(REQUIREMENTS, 'schemathesis'), args, {
      cwd: folder,
      env: { ...env, SCHEMATHESIS_HOOKS: HOOKS },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output: string[] = []
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => output.push(String(chunk)))
    }
    const [code] = await once(child, 'close')
    const text = output.join('')
    if (code !== 0) return { requests: 0, findings: `under seed ${seed}:\n${text}` }
    const { test_cases } = JSON.parse(readFileSync(report, 'utf8'))
    return { requests: test_cases.generated, findings: '' }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Its first line comes, and leaving it is no trouble. */
async function readEndlessStream(vectron: FuzzedVectron, key: string): Promise<void> {
  for (let read = 0; read < ENDLESS_READS; read++) {
    const response = await fetch(`${vectron.process.url}${ENDLESS.path}`, {
      headers: { authorization: `Bearer ${key}` },
    })
    const reader = response.body?.getReader()
    const first = await reader?.read()
    await reader?.cancel()
    if (response.status !== 200 || first?.value === undefined) {
      throw new Error(`${ENDLESS.path}: ${response.status}`)
    }
  }
}
