/**
 * How far an import came, so that the same command goes on after an interruption.
 *
 * One small file for each pair of source file and collection, in the cache folder. It counts only
 * while the source has the same size and time of change.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export interface ImportSource {
  readonly file: string
  readonly url: string
  readonly collection: string
}

/** Rows already acknowledged, and where that is kept. */
export class ImportState {
  readonly #path: string
  readonly #fingerprint: string

  constructor(cacheFolder: string, source: ImportSource) {
    const file = path.resolve(source.file)
    const key = JSON.stringify([file, source.url, source.collection])
    const name = createHash('sha256').update(key).digest('hex').slice(0, 24)
    const { size, mtimeMs } = statSync(file)
    this.#path = path.join(cacheFolder, 'imports', `${name}.json`)
    this.#fingerprint = `${size} ${mtimeMs}`
  }

  /** Rows to skip: 0 for a new import or a changed file. */
  load(): number {
    try {
      const state = JSON.parse(readFileSync(this.#path, 'utf8'))
      return state.fingerprint === this.#fingerprint ? Number(state.rows) : 0
    } catch {
      // Absent or torn: the import begins anew, and upserts are safe twice.
      return 0
    }
  }

  save(rows: number): void {
    mkdirSync(path.dirname(this.#path), { recursive: true })
    const temporary = `${this.#path}.${process.pid}.tmp`
    writeFileSync(temporary, JSON.stringify({ fingerprint: this.#fingerprint, rows }))
    renameSync(temporary, this.#path)
  }

  clear(): void {
    rmSync(this.#path, { force: true })
  }
}
