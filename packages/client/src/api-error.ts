/**
 * The one error of the SDK: what the server answered, or why no answer came.
 *
 * `reason` is stable and listed in docs/ERRORS.md; two more are the SDK's own, for calls that the
 * server never answered: UNREACHABLE and TIMED_OUT.
 */

/** One field of the request that is wrong. */
export interface FieldViolation {
  /** Path in the request, such as `points[3].vector`. */
  readonly field: string
  readonly description: string
}

export interface ApiErrorFacts {
  /** HTTP status; undefined when no answer came. */
  readonly status?: number | undefined
  readonly fieldViolations?: readonly FieldViolation[]
  /** What the server calls the request in its log. */
  readonly requestId?: string | undefined
  /** Milliseconds to wait before trying again, when the server said so. */
  readonly retryAfterMs?: number | undefined
  /** What to do about it. */
  readonly action?: string | undefined
  readonly cause?: unknown
}

export class VectronApiError extends Error {
  override readonly name = 'VectronApiError'
  /** Row of docs/ERRORS.md, UNREACHABLE or TIMED_OUT. */
  readonly reason: string
  readonly status: number | undefined
  readonly fieldViolations: readonly FieldViolation[]
  readonly requestId: string | undefined
  readonly retryAfterMs: number | undefined
  readonly action: string | undefined

  constructor(reason: string, message: string, facts: ApiErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.reason = reason
    this.status = facts.status
    this.fieldViolations = facts.fieldViolations ?? []
    this.requestId = facts.requestId
    this.retryAfterMs = facts.retryAfterMs
    this.action = facts.action
  }
}

/** The error that an answer of status 400 or more stands for. */
export async function errorOfResponse(response: Response): Promise<VectronApiError> {
  const text = await response.text().catch(() => '')
  const headers = response.headers
  return errorOfProblem(parseObject(text), {
    status: response.status,
    text,
    requestId: headers.get('x-request-id') ?? undefined,
    retryAfterMs: parseRetryAfter(headers.get('retry-after')),
  })
}

interface Circumstances {
  readonly status?: number
  /** Body, for answers that are no problem+json, such as a proxy's. */
  readonly text?: string
  readonly requestId?: string | undefined
  readonly retryAfterMs?: number | undefined
}

/** The error that a problem+json object stands for; alone or as a line of a stream. */
export function errorOfProblem(
  problem: Readonly<Record<string, unknown>>,
  around: Circumstances = {},
): VectronApiError {
  const details = Array.isArray(problem['details']) ? problem['details'].filter(isObject) : []
  const find = (name: string) => details.find((one) => String(one['@type']).endsWith(`.${name}`))
  const status = asNumber(problem['status']) ?? around.status
  const message = asString(problem['message']) ?? asString(problem['detail'])
  const links = find('Help')?.['links']
  const help = Array.isArray(links) ? links.find(isObject) : undefined
  return new VectronApiError(
    asString(problem['reason']) ?? reasonOfStatus(status),
    message ?? `The server answered ${status}: ${(around.text ?? '').slice(0, 200)}`,
    {
      status,
      fieldViolations: violationsOf(find('BadRequest')),
      requestId: asString(problem['requestId']) ?? around.requestId,
      retryAfterMs: parseDelay(find('RetryInfo')?.['retryDelay']) ?? around.retryAfterMs,
      action: asString(help?.['description']),
    },
  )
}

/** Milliseconds of a Retry-After header, which holds seconds or a date. */
export function parseRetryAfter(value: string | null, nowMs = Date.now()): number | undefined {
  if (value === null) return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, 1000 * seconds)
  const dateMs = Date.parse(value)
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs)
}

function violationsOf(badRequest: Record<string, unknown> | undefined): FieldViolation[] {
  const violations = badRequest?.['fieldViolations']
  if (!Array.isArray(violations)) return []
  return violations.filter(isObject).map((violation) => ({
    field: asString(violation['field']) ?? '',
    description: asString(violation['description']) ?? '',
  }))
}

/** `1.5s`, the JSON form of google.protobuf.Duration, in milliseconds. */
function parseDelay(value: unknown): number | undefined {
  const match = /^(\d+(?:\.\d+)?)s$/.exec(asString(value) ?? '')
  return match ? 1000 * Number(match[1]) : undefined
}

/** For answers that did not come from Vectron itself. */
function reasonOfStatus(status: number | undefined): string {
  switch (status) {
    case 401:
      return 'WRONG_KEY'
    case 403:
      return 'FORBIDDEN'
    case 404:
      return 'ROUTE_NOT_FOUND'
    case 413:
      return 'BODY_TOO_LARGE'
    case 429:
      return 'RATE_LIMITED'
    case 502:
    case 503:
      return 'UNAVAILABLE'
    case 504:
      return 'DEADLINE_EXCEEDED'
    default:
      return status !== undefined && status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL'
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
