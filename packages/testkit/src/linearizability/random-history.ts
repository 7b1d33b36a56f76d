/**
 * Draws histories of a register that is sometimes wrong, for comparing checkers: written in the
 * notation of testdata/porcupine. The same seed gives the same history.
 *
 * Must stay true, because recorded verdicts depend on it: nothing here changes what a seed draws.
 */
import { type Random, seededRandom } from '@vectron/base'

interface Client {
  id: number
  call?: { text: string; done: boolean; answer: string }
}

/** Chances in a thousand, for each operation. */
const STALE_READ = 120
const LOST_WRITE = 60
const NO_ANSWER = 60

/** Events such as `3:w7` and `3=ok`. */
export function randomHistory(seed: number): string[] {
  const random = seededRandom(BigInt(seed))
  const clients = Array.from({ length: 2 + random.nextBelow(6) }, (_, id): Client => ({ id }))
  const register = new FaultyRegister(random)
  const events: string[] = []
  let callsLeft = 10 + random.nextBelow(50)
  let nextId = clients.length
  while (callsLeft > 0 || clients.some(({ call }) => call !== undefined)) {
    const client = clients[random.nextBelow(clients.length)]!
    if (client.call === undefined) {
      if (callsLeft-- <= 0) continue
      client.call = { text: drawCall(random), done: false, answer: '' }
      events.push(`${client.id}:${client.call.text}`)
    } else if (random.nextBelow(1000) < NO_ANSWER) {
      // Given up before or after it took effect; its client goes on under another number.
      client.id = nextId++
      delete client.call
    } else if (client.call.done) {
      events.push(`${client.id}=${client.call.answer}`)
      delete client.call
    } else {
      client.call.done = true
      client.call.answer = register.answer(client.call.text)
    }
  }
  return events
}

function drawCall(random: Random): string {
  const value = () => random.nextBelow(5)
  const kind = random.nextBelow(3)
  if (kind === 0) return 'r'
  return kind === 1 ? `w${value()}` : `c${value()}>${value()}`
}

class FaultyRegister {
  readonly #random: Random
  readonly #past: string[] = ['nil']

  constructor(random: Random) {
    this.#random = random
  }

  answer(call: string): string {
    const current = this.#past.at(-1)!
    const chance = this.#random.nextBelow(1000)
    if (call === 'r') {
      const stale = this.#past[this.#random.nextBelow(this.#past.length)]!
      return chance < STALE_READ ? stale : current
    }
    const [first, second] = call.slice(1).split('>')
    if (second !== undefined && first !== current) return 'fail'
    if (chance >= LOST_WRITE) this.#past.push(second ?? first!)
    return 'ok'
  }
}
