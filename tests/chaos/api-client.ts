/**
 * One client of the cluster: sends each request once, to the gateway that answered last, and says
 * how sure it is of what became of it.
 *
 * Not the SDK, which tries again by itself: a history must know every request.
 */

export type Answer =
  // biome-ignore lint/suspicious/noExplicitAny: JSON of an answer, looked into by its readers
  | { readonly kind: 'answered'; readonly status: number; readonly body: any }
  /** Certainly never arrived. */
  | { readonly kind: 'unreached'; readonly why: string }
  /** Nobody knows whether it took effect. */
  | { readonly kind: 'unknown'; readonly why: string }

export interface ApiClientOptions {
  readonly gateways: readonly string[]
  readonly apiKey: string
  /** Which gateway it begins with. */
  readonly number: number
  /** Milliseconds that it waits for an answer. */
  readonly timeoutMs: number
}

export class ApiClient {
  readonly #options: ApiClientOptions
  #gateway: number

  constructor(options: ApiClientOptions) {
    this.#options = options
    this.#gateway = options.number
  }

  async send(method: string, route: string, body?: unknown): Promise<Answer> {
    const { gateways, apiKey, timeoutMs } = this.#options
    const url = `${gateways[this.#gateway % gateways.length]}${route}`
    try {
      const response = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { kind: 'answered', status: response.status, body: await response.json() }
    } catch (error) {
      this.#gateway++
      const why = codeOf(error)
      return { kind: why === 'ECONNREFUSED' ? 'unreached' : 'unknown', why }
    }
  }
}

/** `fetch` says "fetch failed"; the code of what failed stands in its cause. */
function codeOf(error: unknown): string {
  const { name, cause } = error as Error
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  return code ?? name
}
