/**
 * linear: a model that `vectron rerank train` fitted to feedback, from a JSON file.
 *
 * `{"model": "articles"}` is the file `articles.json` of the folder of models. A file that changed
 * is read again; the version of a result tells which one it was. Which features there are, and how
 * the file looks, says packages/ranking.
 */
import { hash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { didYouMean, VectronError } from '@vectron/base'
import {
  featuresOf,
  type JsonReader,
  type LinearModel,
  orderByScore,
  parseLinearModel,
  scoreLinear,
} from '@vectron/ranking'
import { bestByScore, type RankJob, type Strategy, shown } from './strategy.ts'

export interface LinearOptions {
  /** Of the models; empty for none. */
  readonly folder: string
}

interface Loaded {
  /** By which a change of the file is noticed. */
  readonly stamp: string
  readonly model: LinearModel
  readonly version: string
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,127}$/
/** Reasons name the features that decided, these many at most. */
const FEATURES_NAMED = 3
const VERSION = '1'

export function openLinear({ folder }: LinearOptions): Strategy {
  const models = new Map<string, Loaded>()
  const problem = () => (folder === '' ? 'rerank.models names no folder of models' : '')

  async function load(name: string): Promise<Loaded> {
    const file = path.join(folder, `${name}.json`)
    const { mtimeMs, size } = await stat(file)
    const stamp = `${mtimeMs} ${size}`
    const known = models.get(name)
    if (known?.stamp === stamp) return known
    const text = await readFile(file, 'utf8')
    const model = parseLinearModel(text, `${name}.json`)
    const version = `${VERSION}+${hash('sha256', text).slice(0, 12)}`
    const loaded = { stamp, model, version }
    models.set(name, loaded)
    return loaded
  }

  return {
    name: 'linear',
    version: VERSION,
    description: 'A weighted sum of features, fitted to feedback by vectron rerank train.',
    wantsPayload: true,
    wantsVector: false,
    isCostly: false,
    problem,
    async prepare(parameters) {
      const name = parameters.string('model')
      parameters.end()
      if (problem() !== '') throw new VectronError('UNAVAILABLE', `${problem()}.`)
      const { model, version } = await load(checkName(name, parameters)).catch(async (error) => {
        throw await explain(error, { name, folder, parameters })
      })
      return { version, rank: (job) => rankByModel(model, job) }
    },
  }
}

function checkName(name: string, parameters: JsonReader): string {
  if (NAME.test(name)) return name
  throw parameters.refuse('model', 'must be 1 to 128 of a-z, 0-9, "-" and "_"')
}

async function explain(
  error: unknown,
  of: { readonly name: string; readonly folder: string; readonly parameters: JsonReader },
): Promise<unknown> {
  const { name, folder, parameters } = of
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    const files = await readdir(folder).catch(() => [])
    const known = files.flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -5)] : []))
    return parameters.refuse('model', `is "${name}", which there is not${didYouMean(name, known)}`)
  }
  // What is wrong with the file is no mistake of the caller's.
  if (error instanceof VectronError && error.row.http === 400 && error.field === undefined) {
    return new VectronError('UNAVAILABLE', error.message, { cause: error })
  }
  if (error instanceof VectronError && error.field?.startsWith(`${name}.json`)) {
    return new VectronError('UNAVAILABLE', error.message, { cause: error })
  }
  return error
}

async function rankByModel(model: LinearModel, job: RankJob) {
  const rows = featuresOf(model.features, { ...job, text: job.queryText }, job.candidates)
  await job.breathe()
  const scores = rows.map((row) => scoreLinear(model, row))
  return bestByScore(job, scores, orderByScore(scores), (place) =>
    reasonOf(model, rows[place] ?? []),
  )
}

/** The features that moved the score most, with by how much. */
function reasonOf(model: LinearModel, row: readonly number[]): string {
  const parts = model.features.map((feature, at) => {
    const alone = model.weights.map((weight, other) => (other === at ? weight : 0))
    const about =
      'fields' in feature ? feature.fields.join(', ') : 'field' in feature ? feature.field : ''
    const name = about === '' ? feature.kind : `${feature.kind}(${about})`
    return { name, value: scoreLinear({ ...model, weights: alone }, row) }
  })
  return parts
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, FEATURES_NAMED)
    .map(({ name, value }) => `${value < 0 ? '' : '+'}${shown(value)} ${name}`)
    .join(' ')
}
