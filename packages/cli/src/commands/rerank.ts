/** `vectron rerank`: what reranks searches, and models for it. */
import type { Command } from 'commander'
import { number, wholeNumber } from '../arguments.ts'
import { connect } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import { CliError } from '../exit-code.ts'
import { showRows } from '../output.ts'

export interface TrainFlags extends ClientFlags {
  readonly out: string
  /** A file. */
  readonly features?: string
  readonly textFields?: string[]
  readonly limit: number
  readonly heldOut: number
  readonly seed: number
}

export function addRerankCommands(program: Command, context: CliContext): void {
  const rerank = program.command('rerank').description('strategies, and models that are learnt')
  addStrategies(rerank, context)
  addTrain(rerank, context)
}

function addStrategies(rerank: Command, { terminal, env }: CliContext): void {
  withClientFlags(
    rerank.command('strategies').description('list what searches can be reranked by'),
  ).action(async (flags: ClientFlags) => {
    const strategies = await connect(flags, env).rerankStrategies()
    showRows(terminal, flags.output, {
      rows: strategies,
      columns: [
        { title: 'strategy', text: ({ name }) => name },
        { title: 'version', text: ({ version }) => version },
        { title: 'what it does', text: ({ description }) => description },
        { title: 'problem', text: ({ problem }) => problem },
      ],
      whole: { strategies },
      whenEmpty: 'There are none.',
    })
  })
}

function addTrain(rerank: Command, context: CliContext): void {
  withClientFlags(rerank.command('train').description('fit a linear model to the feedback'))
    .argument('<collection>')
    .requiredOption('--out <file>', 'where the model goes, as JSON')
    .option('--text-fields <paths...>', 'payload fields whose words are compared with the query')
    .option('--features <file>', 'features as JSON, instead of score, rank and those of texts')
    .option('--limit <n>', 'candidates of each query', wholeNumber(10, 1000), 100)
    .option('--held-out <share>', 'share of the queries to measure on', number, 0.3)
    .option('--seed <n>', 'the same seed and feedback give the same model', wholeNumber(0), 1)
    .addHelpText(
      'after',
      `
Reads the collection <collection>-feedback, asks each of its queries again, and fits weights by
pairs of better and worse results. Prints nDCG@10 of held-out queries before and after. Searches use
the model as {"strategy": "linear", "parameters": {"model": "<name of the file without .json>"}} when it
lies in the folder rerank.models of the reranker.

Features: {"features": [{"kind": "score"}, {"kind": "rank"},
{"kind": "coverage", "fields": ["title"]}, {"kind": "phrase", "fields": ["title"]},
{"kind": "recency", "field": "day", "halfLifeDays": 30}, {"kind": "number", "field": "stars"}]}

Example:
  $ vectron rerank train articles --text-fields title body --out models/articles.json`,
    )
    .action(async (name: string, flags: TrainFlags) => {
      if (flags.heldOut <= 0 || flags.heldOut >= 1) {
        throw new CliError('usage', `--held-out is ${flags.heldOut}; it must be between 0 and 1.`)
      }
      const { trainModel } = await import('../rerank/run-train.ts')
      await trainModel(name, flags, context)
    })
}
