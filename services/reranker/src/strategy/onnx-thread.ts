/**
 * The thread that has a cross-encoder: tokenizes pairs of query and document, and computes scores.
 *
 * Pairs longer than the model reads lose the end of the document, and keep their last token, which
 * closes it.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { Tokenizer } from '@huggingface/tokenizers'
import type { OnnxAnswer, OnnxRequest } from './onnx-model.ts'

/** Tokens that models of this kind read. */
const TOKENS_MAX = 512
/** A thread for every other core: searches of the same machine need the rest. */
const THREADS = Math.max(1, Math.floor(availableParallelism() / 2))

/** Loaded by its name alone: so this file can be checked where the runtime is not installed. */
const RUNTIME: string = 'onnxruntime-node'

/** What is used of `onnxruntime-node`. */
interface Runtime {
  readonly InferenceSession: {
    create(file: string, options: { intraOpNumThreads: number }): Promise<Session>
  }
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => Tensor
}

interface Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>
}

interface Tensor {
  readonly dims: readonly number[]
  readonly data: ArrayLike<number>
}

interface Loaded {
  readonly runtime: Runtime
  readonly session: Session
  readonly tokenizer: Tokenizer
  readonly hash: string
}

interface Pair {
  readonly ids: readonly number[]
  readonly types: readonly number[]
}

let loaded: Loaded | undefined

async function load(folder: string): Promise<Loaded> {
  const runtime: Runtime = await import(RUNTIME)
  const read = async (name: string) => JSON.parse(await readFile(path.join(folder, name), 'utf8'))
  const tokenizer = new Tokenizer(await read('tokenizer.json'), await read('tokenizer_config.json'))
  const file = path.join(folder, 'model.onnx')
  const session = await runtime.InferenceSession.create(file, { intraOpNumThreads: THREADS })
  checkInputs(session.inputNames)
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return { runtime, session, tokenizer, hash: hash.digest('hex').slice(0, 12) }
}

const KNOWN_INPUTS = ['input_ids', 'attention_mask', 'token_type_ids']

function checkInputs(names: readonly string[]): void {
  const unknown = names.filter((name) => !KNOWN_INPUTS.includes(name))
  if (unknown.length === 0 && names.includes('input_ids')) return
  throw new Error(`it takes ${names.join(', ')}; a cross-encoder takes ${KNOWN_INPUTS.join(', ')}`)
}

async function score(query: string, documents: readonly string[]): Promise<number[]> {
  if (loaded === undefined) throw new Error('it was not opened')
  const { session, tokenizer } = loaded
  const pairs = documents.map((document) => tokenize(tokenizer, query, document))
  const answer = await session.run(feedsOf(loaded, pairs))
  const [first = ''] = session.outputNames
  const output = answer[session.outputNames.includes('logits') ? 'logits' : first]
  if (output === undefined) throw new Error('it has no output')
  const [rows = 0, classes = 1] = output.dims
  if (rows !== documents.length || classes < 1 || classes > 2 || output.dims.length > 2) {
    throw new Error(
      `its output is ${output.dims.join(' x ')}; one or two numbers a pair are wanted`,
    )
  }
  const values = Array.from(output.data, Number)
  return documents.map((_, row) =>
    classes === 1
      ? (values[row] ?? Number.NaN)
      : (values[2 * row + 1] ?? Number.NaN) - (values[2 * row] ?? Number.NaN),
  )
}

function tokenize(tokenizer: Tokenizer, query: string, document: string): Pair {
  const options = { text_pair: document, return_token_type_ids: true } as const
  const { ids, token_type_ids: types } = tokenizer.encode(query, options)
  return { ids: shorten(ids), types: shorten(types) }
}

function shorten(tokens: readonly number[]): readonly number[] {
  const last = tokens.at(-1)
  if (tokens.length <= TOKENS_MAX || last === undefined) return tokens
  return [...tokens.slice(0, TOKENS_MAX - 1), last]
}

/** The pairs as tensors, filled up to the longest. */
function feedsOf({ runtime, session }: Loaded, pairs: readonly Pair[]) {
  const length = Math.max(...pairs.map(({ ids }) => ids.length))
  const tensor = (idOf: (pair: Pair, at: number) => number | undefined) => {
    const data = new BigInt64Array(pairs.length * length)
    for (const [row, pair] of pairs.entries()) {
      for (let at = 0; at < pair.ids.length; at++) {
        data[row * length + at] = BigInt(idOf(pair, at) ?? 0)
      }
    }
    return new runtime.Tensor('int64', data, [pairs.length, length])
  }
  const feeds = {
    input_ids: tensor(({ ids }, at) => ids[at]),
    attention_mask: tensor(() => 1),
    token_type_ids: tensor(({ types }, at) => types[at]),
  }
  const wanted = Object.entries(feeds).filter(([name]) => session.inputNames.includes(name))
  return Object.fromEntries(wanted)
}

async function answer(request: OnnxRequest): Promise<OnnxAnswer> {
  const { number } = request
  try {
    switch (request.kind) {
      case 'open':
        loaded ??= await load(workerData.folder)
        return { number, hash: loaded.hash }
      case 'score':
        return { number, scores: await score(request.query, request.documents) }
    }
  } catch (error) {
    return { number, failure: error instanceof Error ? error.message : String(error) }
  }
}

parentPort?.on('message', async (request: OnnxRequest) => {
  parentPort?.postMessage(await answer(request))
})
