/** The worker that reads a file, as promises. One request at a time. */
import type { Mapping } from './reading/mapping.ts'
import type { FileLayout, Place } from './reading/record.ts'
import type {
  FileBatch,
  OpenedFile,
  WorkerAnswer,
  WorkerRequest,
} from './reading/worker-messages.ts'

export class RowReader {
  readonly #worker = new Worker(new URL('./reading/file-worker.ts', import.meta.url), {
    type: 'module',
  })

  /** @throws Error that says why nothing of it can be read */
  async open(file: File): Promise<OpenedFile> {
    const answer = await this.#ask({ kind: 'open', file })
    if (answer.kind !== 'opened') throw new Error(answer.kind)
    return answer.opened
  }

  async start(layout: FileLayout, mapping: Mapping, place: Place): Promise<void> {
    await this.#ask({ kind: 'start', layout, mapping, place })
  }

  async *batches(rows: number): AsyncGenerator<FileBatch> {
    for (;;) {
      const answer = await this.#ask({ kind: 'next', rows })
      if (answer.kind !== 'batch') throw new Error(answer.kind)
      yield answer.batch
      if (answer.batch.isLast) return
    }
  }

  close(): void {
    this.#worker.terminate()
  }

  #ask(request: WorkerRequest): Promise<WorkerAnswer> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) =>
        data.kind === 'failed' ? reject(new Error(data.message)) : resolve(data)
      this.#worker.onerror = ({ message }) => reject(new Error(message || 'The reader failed.'))
      this.#worker.postMessage(request)
    })
  }
}
