/**
 * onnx: a cross-encoder, a model that reads query and document together, in ONNX form.
 *
 * The folder of the setting has `model.onnx`, `tokenizer.json` and `tokenizer_config.json`, as
 * models are exported for the hub of Hugging Face. `{"fields": ["title", "body"]}`: the document is
 * the text of these fields; by default the payload's JSON. The score is the model's logit; of two
 * classes it is how much the second is above the first.
 *
 * Nothing of it is loaded before it is used: neither the runtime, which is large and optional, nor
 * the model. Both live in a thread of their own, because the runtime computes in the thread that
 * calls it.
 */
import { VectronError } from '@vectron/base'
import { orderByScore, textAt } from '@vectron/ranking'
import { OnnxModel } from './onnx-model.ts'
import { bestByScore, type Candidate, type RankJob, type Strategy, shown } from './strategy.ts'

export interface OnnxOptions {
  /** Of the model and its tokenizer; empty for none. */
  readonly folder: string
  /** Whether the runtime is installed. Default: it is looked for. */
  readonly hasRuntime?: () => boolean
}

const FIELDS_COUNT = { min: 1, max: 20 }
/** Documents of one step: between steps others get their turn, and who left is noticed. */
const STEP_DOCUMENTS = 16
/** Characters of a document; more than a model reads. */
const DOCUMENT_CHARS_MAX = 20_000
const VERSION = '1'

export function openOnnx({ folder, hasRuntime = findRuntime }: OnnxOptions): Strategy {
  let model: OnnxModel | undefined
  const problem = () => {
    if (folder === '') return 'rerank.onnxModel names no folder of a model'
    if (hasRuntime()) return ''
    return 'onnxruntime-node is not installed: npm install --no-save onnxruntime-node'
  }
  return {
    name: 'onnx',
    version: VERSION,
    description: 'A cross-encoder in ONNX form, computed in this process.',
    wantsPayload: true,
    wantsVector: false,
    isCostly: true,
    problem,
    async prepare(parameters) {
      const fields = parameters.has('fields') ? parameters.strings('fields', FIELDS_COUNT) : []
      parameters.end()
      if (problem() !== '') throw new VectronError('UNAVAILABLE', `${problem()}.`)
      if (model === undefined || model.hasEnded) model = new OnnxModel(folder)
      const opened = model
      const hash = await opened.open()
      return { version: `${VERSION}+${hash}`, rank: (job) => rankByModel(opened, fields, job) }
    },
  }
}

function findRuntime(): boolean {
  try {
    import.meta.resolve('onnxruntime-node')
    return true
  } catch {
    return false
  }
}

async function rankByModel(model: OnnxModel, fields: readonly string[], job: RankJob) {
  const { candidates, queryText, signal } = job
  const scores: number[] = []
  for (let from = 0; from < candidates.length; from += STEP_DOCUMENTS) {
    if (signal.aborted) {
      throw new VectronError('DEADLINE_EXCEEDED', 'The model was not done in time.')
    }
    const step = candidates.slice(from, from + STEP_DOCUMENTS)
    const documents = step.map((candidate) => documentOf(candidate, fields))
    scores.push(...(await model.score(queryText, documents)))
  }
  if (!scores.every(Number.isFinite)) {
    throw new VectronError('UNAVAILABLE', 'The model gave a score that is no number.')
  }
  return bestByScore(job, scores, orderByScore(scores), (place) => {
    return `the model says ${shown(scores[place] ?? 0)}`
  })
}

function documentOf({ payload }: Candidate, fields: readonly string[]): string {
  const text = fields.length === 0 ? JSON.stringify(payload) : textAt(payload, fields)
  return text.slice(0, DOCUMENT_CHARS_MAX)
}
