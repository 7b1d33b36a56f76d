/** One map with its worker: calls as promises, progress told, all of it ended with the page. */
import type { FromWorker, MapAnswers, MapCall, ToWorker } from './map-messages.ts'

type KindOf<Call> = Call extends { readonly kind: infer Kind } ? Kind & keyof MapAnswers : never

interface Waiting {
  readonly resolve: (answer: never) => void
  readonly reject: (error: Error) => void
  readonly onProgress: ((share: number) => void) | undefined
}

export class MapSession {
  readonly #worker = new Worker(new URL('./map-worker.ts', import.meta.url), { type: 'module' })
  readonly #waiting = new Map<number, Waiting>()
  #number = 0

  constructor() {
    this.#worker.addEventListener('message', ({ data }) => this.#take(data))
    this.#worker.addEventListener('error', ({ message }) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(message))
      this.#waiting.clear()
    })
  }

  /** @throws Error with the worker's words */
  call<Call extends MapCall>(
    call: Call,
    onProgress?: (share: number) => void,
  ): Promise<MapAnswers[KindOf<Call>]> {
    this.#number += 1
    const number = this.#number
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject, onProgress })
      this.#send({ number, call }, call.kind === 'take' ? [call.page] : [])
    })
  }

  /** Ends the projection that is under way: its call is rejected with "cancelled". */
  cancel(): void {
    this.#send({ cancel: true }, [])
  }

  close(): void {
    this.#worker.terminate()
    this.#waiting.clear()
  }

  #send(message: ToWorker, transfer: Transferable[]): void {
    this.#worker.postMessage(message, transfer)
  }

  #take(message: FromWorker): void {
    const waiting = this.#waiting.get(message.number)
    if (waiting === undefined) return
    if ('share' in message) {
      waiting.onProgress?.(message.share)
      return
    }
    this.#waiting.delete(message.number)
    if ('error' in message) waiting.reject(new Error(message.error))
    else waiting.resolve(message.answer as never)
  }
}
