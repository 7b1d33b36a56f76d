/** Newline-delimited JSON: streams of values as one JSON text a line. */

/** Values of a body, one for each line; blank lines are skipped. */
export async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let partial = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      partial += done ? decoder.decode() : decoder.decode(value, { stream: true })
      const lines = partial.split('\n')
      partial = done ? '' : (lines.pop() ?? '')
      for (const line of lines) {
        if (line.trim() !== '') yield JSON.parse(line)
      }
      if (done) return
    }
  } finally {
    // The consumer left early: the server is told to stop.
    await reader.cancel().catch(() => {})
  }
}

/** A body that holds one line for each value; values are asked for as the network takes them. */
export function writeLines(values: AsyncIterable<unknown>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const iterator = values[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`))
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}
