/**
 * Exit codes of `vectron`: a stable part of its interface, told by `vectron help exit-codes`.
 *
 * Owns the table, the CLI's own error, and which code an SDK error stands for.
 */
import { isVectronError } from '@vectron/base'
import { VectronApiError } from '@vectron/client'

export const EXIT_CODES = {
  ok: { code: 0, meaning: 'Done.' },
  failure: { code: 1, meaning: 'Something else went wrong; the message says what.' },
  usage: { code: 2, meaning: 'The command line or the request is not valid.' },
  notFound: { code: 3, meaning: 'There is no such collection, point or file.' },
  authentication: { code: 4, meaning: 'No API key, a wrong one, or one that may not do this.' },
  conflict: { code: 5, meaning: 'It exists already, or is in use: a name, a port, a data folder.' },
  unavailable: { code: 6, meaning: 'No answer, not ready, or out of time. Try again.' },
  rateLimited: { code: 7, meaning: 'Too many requests. Try again more slowly.' },
  interrupted: { code: 130, meaning: 'Stopped by Ctrl-C before it was done.' },
} as const

export type ExitName = keyof typeof EXIT_CODES

/** An error with a message for people and an exit code for scripts. */
export class CliError extends Error {
  readonly exit: ExitName
  /** What to type or do next. */
  readonly hint: string | undefined

  constructor(exit: ExitName, message: string, hint?: string) {
    super(message)
    this.exit = exit
    this.hint = hint
  }
}

/** The exit that an HTTP status stands for; undefined when no answer came. */
export function exitOfStatus(status: number | undefined): ExitName {
  switch (status) {
    case undefined:
    case 499:
    case 502:
    case 503:
    case 504:
    case 507:
      return 'unavailable'
    case 401:
    case 403:
      return 'authentication'
    case 404:
      return 'notFound'
    case 409:
      return 'conflict'
    case 429:
      return 'rateLimited'
    default:
      return status < 500 ? 'usage' : 'failure'
  }
}

/** Any error as one that can be shown. */
export function toCliError(error: unknown): CliError {
  if (error instanceof CliError) return error
  if (error instanceof VectronApiError) {
    return new CliError(exitOfStatus(error.status), describe(error), hintOf(error))
  }
  if (isVectronError(error)) return new CliError(exitOfStatus(error.row.http), error.message)
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  const message = error instanceof Error ? error.message : String(error)
  return new CliError(code === 'ENOENT' ? 'notFound' : 'failure', message)
}

function describe(error: VectronApiError): string {
  const fields = error.fieldViolations.map(({ field }) => field).filter(Boolean)
  const where = fields.length === 0 ? '' : ` (${fields.join(', ')})`
  return `${error.message}${where} [${error.reason}]`
}

function hintOf(error: VectronApiError): string | undefined {
  if (error.reason === 'UNREACHABLE') return 'Is it running? Start it with: vectron start'
  return error.action
}
