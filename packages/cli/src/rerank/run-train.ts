/** `vectron rerank train`: from feedback to a model, told to a person as it is done. */
import { readFileSync, writeFileSync } from 'node:fs'
import { systemClock } from '@vectron/base'
import {
  type FeatureSpec,
  formatLinearModel,
  parseFeatures,
  type Training,
  trainLinear,
} from '@vectron/ranking'
import type { TrainFlags } from '../commands/rerank.ts'
import { connect } from '../connection.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit-code.ts'
import { ProgressBar } from '../progress-bar.ts'
import { readJudgedQueries } from './read-feedback.ts'

export async function trainModel(
  name: string,
  flags: TrainFlags,
  { terminal, env }: CliContext,
): Promise<void> {
  const features = featuresFrom(flags)
  let bar: ProgressBar | undefined
  const queries = await readJudgedQueries(connect(flags, env), name, {
    features,
    limit: flags.limit,
    nowMs: systemClock.nowMs(),
    onQuery: (done, total) => {
      bar ??= new ProgressBar(terminal, { label: `ask ${name}`, total, unit: 'queries' })
      bar.update(done)
    },
  })
  bar?.finish()
  const seed = BigInt(flags.seed)
  const training = trainLinear(queries, { features, seed, heldOutShare: flags.heldOut })
  if (training === undefined) {
    throw new CliError(
      'failure',
      `The feedback of "${name}" has fewer than two queries with a result that somebody liked.`,
      `Send clicks and judgements to POST /v1/collections/${name}/feedback first.`,
    )
  }
  const { model, ...measured } = training
  writeFileSync(
    flags.out,
    formatLinearModel(model, { collection: name, seed: flags.seed, ...measured }),
  )
  if (flags.output === 'table') for (const line of report(training, flags)) terminal.out(line)
  else terminal.out(JSON.stringify({ ...measured, weights: model.weights, out: flags.out }))
}

function featuresFrom({ features, textFields }: TrainFlags): readonly FeatureSpec[] {
  if (features !== undefined) return parseFeatures(readFileSync(features, 'utf8'), features)
  const ofTexts: FeatureSpec[] =
    textFields === undefined
      ? []
      : [
          { kind: 'coverage', fields: textFields },
          { kind: 'phrase', fields: textFields },
        ]
  return [{ kind: 'score' }, { kind: 'rank' }, ...ofTexts]
}

function report(training: Training, { out }: TrainFlags): string[] {
  const { model, trainedQueries, heldOutQueries, ndcgBefore, ndcgAfter } = training
  const weights = model.features.map((feature, at) => {
    const { kind, ...about } = feature
    const named = Object.values(about).flat().join(', ')
    const name = named === '' ? kind : `${kind}(${named})`
    return `  ${name.padEnd(32)} ${(model.weights[at] ?? 0).toFixed(4).padStart(9)}`
  })
  return [
    `nDCG@10 before  ${ndcgBefore.toFixed(4)}`,
    `nDCG@10 after   ${ndcgAfter.toFixed(4)}`,
    `on ${heldOutQueries} held-out queries; trained on ${trainedQueries}`,
    'weights, of standardised features:',
    ...weights,
    `wrote ${out}`,
  ]
}
