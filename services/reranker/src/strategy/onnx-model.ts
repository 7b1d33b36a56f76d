/** The model of the strategy onnx, in a thread of its own; made when first needed. */
import { Worker } from 'node:worker_threads'
import { VectronError } from '@vectron/base'

/** `open` answers the hash of the model's file, `score` one score for each document. */
export type OnnxRequest = { readonly number: number } & (
  | { readonly kind: 'open' }
  | { readonly kind: 'score'; readonly query: string; readonly documents: readonly string[] }
)

export interface OnnxAnswer {
  readonly number: number
  readonly hash?: string
  readonly scores?: readonly number[]
  readonly failure?: string
}

type Settle = (answer: OnnxAnswer) => void

export class OnnxModel {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Settle>()
  #asked = 0
  #opening: Promise<string> | undefined
  /** Nothing can be asked of it any more. */
  hasEnded = false

  constructor(folder: string) {
    this.#worker = new Worker(new URL('./onnx-thread.ts', import.meta.url), {
      workerData: { folder },
    })
    this.#worker.unref()
    this.#worker.on('message', (answer: OnnxAnswer) => this.#settle(answer))
    this.#worker.on('error', (error) => this.#die(String(error)))
    this.#worker.on('exit', (code) => this.#die(`it ended with ${code}`))
  }

  /** Loads runtime, tokenizer and model, once; answers a hash of the model. */
  open(): Promise<string> {
    this.#opening ??= this.#ask({ kind: 'open' }).then(
      ({ hash = '' }) => hash,
      (error) => {
        // The next one tries anew, with files that may be right by then.
        this.#opening = undefined
        throw error
      },
    )
    return this.#opening
  }

  async score(query: string, documents: readonly string[]): Promise<readonly number[]> {
    const { scores = [] } = await this.#ask({ kind: 'score', query, documents })
    return scores
  }

  #ask(asked: { kind: 'open' } | { kind: 'score'; query: string; documents: readonly string[] }) {
    const number = ++this.#asked
    return new Promise<OnnxAnswer>((resolve, reject) => {
      this.#waiting.set(number, (answer) => {
        if (answer.failure === undefined) return resolve(answer)
        reject(new VectronError('UNAVAILABLE', `The model cannot be used: ${answer.failure}.`))
      })
      // Only while somebody waits does it keep the process alive.
      this.#worker.ref()
      this.#worker.postMessage({ number, ...asked } satisfies OnnxRequest)
    })
  }

  #settle(answer: OnnxAnswer): void {
    this.#waiting.get(answer.number)?.(answer)
    this.#waiting.delete(answer.number)
    if (this.#waiting.size === 0) this.#worker.unref()
  }

  #die(failure: string): void {
    this.hasEnded = true
    for (const number of [...this.#waiting.keys()]) this.#settle({ number, failure })
  }
}
