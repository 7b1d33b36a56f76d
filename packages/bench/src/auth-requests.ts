/** What the benchmark of identity asks over HTTP, from as many addresses as it likes. */
import http from 'node:http'

export interface AuthAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: the API's JSON
  readonly body: any
}

export interface AuthRequest {
  readonly credential?: string
  /** POST when given, else GET. */
  readonly json?: object
  /** Where it comes from: an address of 127.0.0.0/8. */
  readonly from?: string
}

const agent = new http.Agent({ keepAlive: true })

export function ask(url: string, { credential, json, from }: AuthRequest = {}) {
  const body = json === undefined ? '' : JSON.stringify(json)
  const headers = {
    'content-type': 'application/json',
    ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
  }
  const method = json === undefined ? 'GET' : 'POST'
  const way = from === undefined ? { agent } : { localAddress: from, agent: false as const }
  return new Promise<AuthAnswer>((resolve, reject) => {
    const request = http.request(url, { method, headers, ...way }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: text === '' ? {} : JSON.parse(text) }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** As `ask`; an answer that is none of success ends the benchmark. */
export async function mustAsk(url: string, request?: AuthRequest): Promise<AuthAnswer['body']> {
  const { status, body } = await ask(url, request)
  if (status === 200) return body
  throw new Error(`${url} answered ${status}: ${JSON.stringify(body)}`)
}

/** The number-th address of this machine, for clients that must not be taken for one. */
export function loopbackAddress(number: number): string {
  return `127.1.${(number >> 8) & 255}.${1 + (number % 254)}`
}
