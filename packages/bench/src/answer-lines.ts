/** The child's side of child.ts: one JSON object a line is asked, and one is answered. */
import { createInterface } from 'node:readline'

/** Settles when the input ends. What an answer throws is told in its place. */
export async function answerLines<Question>(
  answer: (question: Question) => object | Promise<object>,
): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    let reply: object
    try {
      reply = await answer(JSON.parse(line))
    } catch (error) {
      reply = { error: error instanceof Error ? error.message : String(error) }
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`)
  }
}
