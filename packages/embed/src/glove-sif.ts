/**
 * The built-in embedder `glove-sif-100`: text to a unit vector of 100 dimensions, with no network.
 *
 * The mean of the words' GloVe vectors, weighted by smooth inverse frequency, less the direction
 * that all sentences share (Arora, Liang and Ma 2017). The model is built by a child process the
 * first time it is wanted on a machine, and read at the first text after each start.
 */
import { fork } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { VectronError } from '@vectron/base'
import type { BuildProgress } from './build-model.ts'
import { GLOVE_DIMENSION } from './glove-json.ts'
import { findRows } from './look-up.ts'
import { type EmbeddingModel, readModel } from './model-file.ts'
import { sentenceVector } from './sentence.ts'

export interface GloveSifOptions {
  /** Folder of the model file; made when absent. It may be shared and deleted at any time. */
  readonly cacheFolder: string
  /** Hears how far a build is; called only when there is no model yet. */
  readonly onBuildProgress?: (progress: BuildProgress) => void
}

/** Grows whenever the same text would give another vector. */
const MODEL_VERSION = 1

export class GloveSifEmbedder {
  readonly name = 'glove-sif-100'
  readonly dimension = GLOVE_DIMENSION
  readonly #file: string
  readonly #onBuildProgress: (progress: BuildProgress) => void
  #model: Promise<EmbeddingModel> | undefined

  constructor(options: GloveSifOptions) {
    this.#file = path.join(options.cacheFolder, `${this.name}.v${MODEL_VERSION}.model`)
    this.#onBuildProgress = options.onBuildProgress ?? (() => {})
  }

  /**
   * Unit vectors of texts, in order; undefined for a text that holds no known word. Waits for the
   * model when it is being built.
   */
  async embed(texts: readonly string[]): Promise<(Float32Array | undefined)[]> {
    const model = await this.prepare()
    return texts.map((text) => sentenceVector(model, findRows(model.table, text)))
  }

  /** Makes the model ready, building it when there is none; a failed build is tried again. */
  prepare(): Promise<EmbeddingModel> {
    this.#model ??= this.#open().catch((error) => {
      this.#model = undefined
      throw error
    })
    return this.#model
  }

  async #open(): Promise<EmbeddingModel> {
    const present = readModel(this.#file)
    if (present) return present
    await buildInChild(this.#file, this.#onBuildProgress)
    const built = readModel(this.#file)
    if (built === undefined) throw buildFailed(this.#file)
    return built
  }
}

function buildInChild(file: string, onProgress: (progress: BuildProgress) => void): Promise<void> {
  const main = fileURLToPath(new URL('./build-main.ts', import.meta.url))
  return new Promise((resolve, reject) => {
    const child = fork(main, [file], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    child.on('message', (progress) => onProgress(progress as BuildProgress))
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(buildFailed(file))))
  })
}

function buildFailed(file: string): VectronError {
  return new VectronError('UNAVAILABLE', `The text model could not be built at ${file}.`, {
    subject: file,
  })
}
