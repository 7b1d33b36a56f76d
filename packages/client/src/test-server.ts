/** An HTTP server inside a test: answers what the test says, and remembers what was asked. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { after } from 'node:test'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface TestServer {
  readonly url: string
  readonly asked: readonly Asked[]
  /** What the next requests get, in order; the last one again and again. */
  answers: ((response: ServerResponse, asked: Asked) => void)[]
}

/** Starts a server that ends with the test file. */
export async function startTestServer(): Promise<TestServer> {
  const asked: Asked[] = []
  const state: { answers: TestServer['answers'] } = { answers: [] }
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const one = { method, path, headers, body }
      asked.push(one)
      const answer = state.answers.length > 1 ? state.answers.shift() : state.answers[0]
      answer?.(response, one)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return Object.assign(state, { url: `http://127.0.0.1:${port}`, asked })
}

/** An answer with a JSON body. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}) {
  return (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}

/** A problem+json answer as the server writes it. */
export function problem(status: number, reason: string, headers: Record<string, string> = {}) {
  const body = { status, reason, message: `because of ${reason}`, requestId: 'r1', details: [] }
  return json(status, body, headers)
}
