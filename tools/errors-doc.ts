/**
 * Writes docs/ERRORS.md from the table of reasons, or with `--check` fails when it is stale.
 *
 * The table (packages/base/src/error-reasons.ts) is the only source: nobody edits the page.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { GRPC_CODES, REASONS, type ReasonRow, type Retry } from '@vectron/base'

const PAGE = new URL('../docs/ERRORS.md', import.meta.url)

const HEAD = `# Errors

Every error has one of the reasons below. HTTP answers carry one body that is an RFC 9457 problem
and a \`google.rpc.Status\` at once (\`application/problem+json\`); gRPC carries the same details in
\`grpc-status-details-bin\`. \`reason\` is stable: programs decide by it, never by the message. The
message names the field and the values at fault; \`details\` hold them for machines.

\`\`\`json
{
  "type": "/errors/WRONG_DIMENSION",
  "title": "The vector has the wrong number of components",
  "status": 400,
  "detail": "points[3].vector has 99 components; the collection \\"words\\" has 100.",
  "code": 3,
  "message": "points[3].vector has 99 components; the collection \\"words\\" has 100.",
  "reason": "WRONG_DIMENSION",
  "requestId": "5b1f6f0e-6d0c-4a58-a6a5-0a4f5e9b2c11",
  "details": [
    {
      "@type": "type.googleapis.com/google.rpc.BadRequest",
      "fieldViolations": [{ "field": "points[3].vector", "reason": "WRONG_DIMENSION" }]
    }
  ]
}
\`\`\`

\`details\` are ErrorInfo, BadRequest, RetryInfo, RequestInfo and Help of google.rpc; the example is
cut short. \`GET /errors/WRONG_DIMENSION\` on any server tells its row of the table.

Retry: **no**: the answer will be the same. **yes**: nothing was done; send it again after a pause
(\`Retry-After\` says how long, where known). **if idempotent**: it may have been done; send again
what is safe twice: searches, reads, upserts and deletes.

This page is written by \`tools/errors-doc.ts\` from \`packages/base/src/error-reasons.ts\`.
`

const RETRY_WORDS: Readonly<Record<Retry, string>> = {
  no: 'no',
  yes: 'yes',
  'if-idempotent': 'if idempotent',
}

/** The whole page. */
export function renderErrorsDoc(): string {
  const rows = Object.entries<ReasonRow>(REASONS).map(([reason, row]) => {
    const grpc = `${row.grpc} (${GRPC_CODES[row.grpc]})`
    const cells = [`\`${reason}\``, row.http, grpc, RETRY_WORDS[row.retry], row.title, row.action]
    return `| ${cells.join(' | ')} |`
  })
  const header = '| reason | HTTP | gRPC | retry | what happened | what to do |'
  return `${HEAD}\n${[header, '|---|---|---|---|---|---|', ...rows].join('\n')}\n`
}

/** What is wrong with the page on disk; undefined when it is up to date. */
export function staleErrorsDoc(): string | undefined {
  const stale = readFileSync(PAGE, 'utf8') !== renderErrorsDoc()
  return stale ? 'docs/ERRORS.md is stale; run node tools/run.mjs tools/errors-doc.ts' : undefined
}

function main(args: readonly string[]): void {
  if (!args.includes('--check')) {
    writeFileSync(PAGE, renderErrorsDoc())
    return
  }
  const problem = staleErrorsDoc()
  if (problem === undefined) return
  console.error(problem)
  process.exitCode = 1
}

if (import.meta.main) main(process.argv.slice(2))
