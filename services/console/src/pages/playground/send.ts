/** Sends a request of the playground and tells of its answer as it comes, line by line. */
import { apiFetch } from '../../api/client.ts'

export interface Answer {
  readonly status: number
  readonly statusText: string
  /** Milliseconds until the last byte so far. */
  readonly tookMs: number
  readonly bytes: number
  /** Those that say something about the answer. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Lines of a stream, or the one body. */
  readonly lines: readonly string[]
  readonly isStream: boolean
  readonly isComplete: boolean
  /** Lines that came after those that are kept. */
  readonly dropped: number
}

export interface Sending {
  readonly projectId: string
  readonly verb: string
  readonly path: string
  readonly body: string
  readonly contentType: string
  readonly signal: AbortSignal
  readonly onAnswer: (answer: Answer) => void
}

/** Of a stream that does not end: enough to look at. */
const LINES_MAX = 500
const SHOWN_HEADERS =
  /^(content-type|x-request-id|server-timing|retry-after|ratelimit.*|warning|x-vectron-.*)$/

/** Settles when the answer is whole. @throws VectronApiError, AbortError */
export async function send(sending: Sending): Promise<Answer> {
  const { projectId, verb, path, body, contentType, signal, onAnswer } = sending
  const startedMs = performance.now()
  const response = await apiFetch(projectId, path, {
    method: verb,
    signal,
    ...(body === '' ? {} : { body, headers: { 'content-type': contentType } }),
  })
  const isStream = (response.headers.get('content-type') ?? '').includes('ndjson')
  let answer: Answer = {
    status: response.status,
    statusText: response.statusText,
    tookMs: performance.now() - startedMs,
    bytes: 0,
    headers: [...response.headers].filter(([name]) => SHOWN_HEADERS.test(name)),
    lines: [],
    isStream,
    isComplete: false,
    dropped: 0,
  }
  const grow = (bytes: number, lines: readonly string[]) => {
    const room = LINES_MAX - answer.lines.length
    answer = {
      ...answer,
      bytes: answer.bytes + bytes,
      tookMs: performance.now() - startedMs,
      lines: [...answer.lines, ...lines.slice(0, room)],
      dropped: answer.dropped + Math.max(0, lines.length - room),
    }
    onAnswer(answer)
  }
  if (isStream) {
    for await (const { bytes, lines } of linesOf(response)) grow(bytes, lines)
  } else {
    const text = await response.text()
    grow(new TextEncoder().encode(text).length, [text])
  }
  answer = { ...answer, isComplete: true, tookMs: performance.now() - startedMs }
  onAnswer(answer)
  return answer
}

async function* linesOf({ body }: Response) {
  if (body === null) return
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    rest += done ? decoder.decode() : decoder.decode(value, { stream: true })
    const lines = rest.split('\n')
    rest = done ? '' : (lines.pop() ?? '')
    yield { bytes: value?.length ?? 0, lines: lines.filter((line) => line !== '') }
    if (done) return
  }
}
