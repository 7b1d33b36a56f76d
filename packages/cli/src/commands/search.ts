/** `vectron search`: the points nearest to a text, a vector, or another point. */
import type {
  AnyPayload,
  Filter,
  Fused,
  Rerank,
  RerankReport,
  ScoredPoint,
  SearchQuery,
  SearchRequest,
  SearchResult,
} from '@vectron/client'
import { type Command, Option } from 'commander'
import { filter, fused, jsonObject, number, vector, wholeNumber } from '../arguments.ts'
import { connect } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import { CliError } from '../exit-code.ts'
import { type Column, cellText, showRows } from '../output.ts'
import { formatCount } from '../progress-bar.ts'
import type { Terminal } from '../terminal.ts'

interface SearchFlags extends ClientFlags {
  readonly vector?: number[]
  readonly id?: string
  readonly like?: string[]
  readonly unlike?: string[]
  readonly likeBy?: 'average' | 'best_score'
  readonly fused?: Fused<AnyPayload>
  readonly filter?: Filter
  readonly k: number
  readonly offset?: number
  readonly threshold?: number
  readonly pageToken?: string
  readonly groupBy?: string
  readonly groupSize: number
  readonly fields?: string[]
  readonly withoutFields?: string[]
  readonly exact?: true
  readonly recall?: number
  readonly width?: number
  readonly withVector?: true
  readonly explain?: true
  readonly allowPartial?: true
  readonly cache: boolean
  readonly whyNot?: string
  readonly rerank?: Record<string, unknown>
  readonly consistency?: 'eventual' | 'strong'
  readonly timeout?: number
  readonly payload: boolean
}

/** A result, with the value of its group. */
type Row = ScoredPoint<AnyPayload> & { readonly group?: unknown }

/** Payload keys that get a column of their own; more are shown with -o json. */
const PAYLOAD_COLUMNS_MAX = 5

const EXAMPLES = `
Examples:
  $ vectron search dictionary "a young dog"
  $ vectron search dictionary "fear of heights" -k 3 --filter '{"field":"pos","match":"noun"}'
  $ vectron search photos --id p1 --explain
  $ vectron search photos --like p1 p2 --unlike p7
  $ vectron search dictionary --fused '{"legs":[{"text":"a dog"},{"id":"dog.n.01","weight":2}]}'
  $ vectron search photos --vector 0.1,0.2,0.3 -o json`

export function addSearchCommand(program: Command, { terminal, env }: CliContext): void {
  withAnswerFlags(withClientFlags(program.command('search').description('find the nearest points')))
    .argument('<collection>')
    .argument('[text]', 'embedded by the collection')
    .option('--vector <numbers>', 'search by a vector: 0.1,0.2,0.3', vector)
    .option('--id <id>', 'search by the vector of this point')
    .option('--like <ids...>', 'search for points like these')
    .option('--unlike <ids...>', 'and unlike these')
    .addOption(
      new Option(
        '--like-by <strategy>',
        'score by the mean of the examples, or by the nearest',
      ).choices(['average', 'best_score']),
    )
    .option('--fused <json>', 'make one list of several searches: {"legs":[...]}', fused)
    .option('--filter <json>', 'only points that match', filter)
    .option('-k <n>', 'number of results', wholeNumber(1, 10_000), 10)
    .option('--offset <n>', 'results to pass over', wholeNumber(0, 10_000))
    .option('--threshold <score>', 'only points nearer than this', number)
    .option('--page-token <token>', 'in pages of -k: "" for the first, then as the last one says')
    .option('--group-by <field>', 'groups of points of one value; -k counts groups')
    .option('--group-size <n>', 'results of a group', wholeNumber(1, 100), 3)
    .option('--fields <paths...>', 'only these fields of payloads: title author.name')
    .option('--without-fields <paths...>', 'all fields of payloads but these')
    .addHelpText('after', EXAMPLES)
    .action(async (collection: string, text: string | undefined, flags: SearchFlags) => {
      const result = await connect(flags, env)
        .collection(collection)
        .search({
          ...toQuery(text, flags),
          topK: flags.k,
          withVector: flags.withVector === true,
          exact: flags.exact === true,
          explain: flags.explain === true,
          allowPartial: flags.allowPartial === true,
          cache: flags.cache,
          ...(flags.filter === undefined ? {} : { filter: flags.filter }),
          ...(flags.whyNot === undefined ? {} : { whyNot: flags.whyNot }),
          ...rerankOf(flags),
          ...shapeOf(flags),
          ...readOf(flags),
          ...(flags.recall === undefined ? {} : { targetRecall: flags.recall }),
          ...(flags.width === undefined ? {} : { width: flags.width }),
        })
      const rows = rowsOf(result)
      showRows(terminal, flags.output, {
        rows,
        columns: columnsFor(rows, flags.groupBy),
        whole: result,
        whenEmpty: 'Nothing found.',
      })
      if (flags.output === 'table') noteResult(terminal, result, flags.explain === true)
    })
}

/** How well, how fresh and how late the answer comes, and what it tells. */
function withAnswerFlags(command: Command): Command {
  return command
    .option('--exact', 'compare with every point instead of walking the graph')
    .option('--recall <share>', 'recall to aim at, .80 to .999', number)
    .option('--width <n>', 'search as for so many results', wholeNumber(1, 10_000))
    .option('--rerank <json>', 'put the best into another order: {"preset":"news"}', jsonObject)
    .option('--with-vector', 'give vectors too (with -o json)')
    .option('--no-payload', 'give ids and scores alone')
    .addOption(
      new Option('--consistency <how>', 'strong: sees every write acknowledged before').choices([
        'eventual',
        'strong',
      ]),
    )
    .option('--timeout <ms>', 'milliseconds that the server has', wholeNumber(1, 60_000))
    .option('--explain', 'tell the plan and what happened')
    .option('--why-not <id>', 'tell why this point is not among the results')
    .option('--no-cache', 'ask the shards, whatever the gateway remembers')
    .option('--allow-partial', 'answer from the shards that can be asked')
}

/** How fresh and how late the answer may be. */
function readOf({ consistency, timeout }: SearchFlags): Partial<SearchRequest<AnyPayload>> {
  return {
    ...(consistency === undefined ? {} : { consistency }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
  }
}

/** Which of the hits are wanted, and what of them. */
function shapeOf(flags: SearchFlags): Partial<SearchRequest<AnyPayload>> {
  const { offset, threshold, pageToken, groupBy, groupSize, fields, withoutFields } = flags
  const payloadFields = { include: fields ?? [], exclude: withoutFields ?? [] }
  const isAll = fields === undefined && withoutFields === undefined
  return {
    ...(offset === undefined ? {} : { offset }),
    ...(threshold === undefined ? {} : { scoreThreshold: threshold }),
    ...(pageToken === undefined ? {} : { pageToken }),
    ...(groupBy === undefined ? {} : { groupBy: { field: groupBy, groupSize } }),
    ...(isAll ? {} : { payloadFields }),
    ...(flags.payload ? {} : { withPayload: false }),
  }
}

/** The results; where they are grouped, those of all groups. */
function rowsOf({ results, groups }: SearchResult<AnyPayload>): readonly Row[] {
  if (groups.length === 0) return results
  return groups.flatMap((group) => group.results.map((hit) => ({ ...hit, group: group.value })))
}

function toQuery(text: string | undefined, flags: SearchFlags): SearchQuery {
  const given = [text, flags.vector, flags.id, flags.like, flags.fused].filter(
    (query) => query !== undefined,
  )
  if (given.length !== 1) {
    throw new CliError('usage', 'Needs exactly one of a text, --vector, --id, --like and --fused.')
  }
  if (text !== undefined) return { text }
  if (flags.vector !== undefined) return { vector: flags.vector }
  if (flags.fused !== undefined) return { fused: flags.fused }
  if (flags.like !== undefined) {
    const examples = (ids: readonly string[] = []) => ids.map((id) => ({ id }))
    const strategy = flags.likeBy === undefined ? {} : { strategy: flags.likeBy }
    const [positive, negative] = [examples(flags.like), examples(flags.unlike)]
    return { recommend: { positive, negative, ...strategy } }
  }
  return { id: flags.id ?? '' }
}

/** Score and id, then the payload keys of the first hits: short values first, so that they show. */
function columnsFor(hits: readonly Row[], groupedBy: string | undefined): Column<Row>[] {
  const keys = [...new Set(hits.flatMap(({ payload }) => Object.keys(payload ?? {})))]
  const widest = (key: string) =>
    Math.max(...hits.map(({ payload }) => payloadText(payload?.[key]).length))
  const payloadColumns = keys
    .sort((left, right) => widest(left) - widest(right))
    .slice(0, PAYLOAD_COLUMNS_MAX)
    .map((key) => ({ title: key, text: ({ payload }: Row) => payloadText(payload?.[key]) }))
  const groupColumns =
    groupedBy === undefined
      ? []
      : [{ title: groupedBy, text: ({ group }: Row) => payloadText(group) }]
  return [
    ...groupColumns,
    { title: 'score', text: ({ score }) => score.toFixed(4), align: 'right' },
    { title: 'id', text: ({ id }) => id },
    ...payloadColumns,
  ]
}

function payloadText(value: unknown): string {
  const isList = Array.isArray(value) && value.every((item) => typeof item !== 'object')
  return isList ? value.join(', ') : cellText(value)
}

function noteResult(terminal: Terminal, result: SearchResult<AnyPayload>, explain: boolean): void {
  const kind = result.exact ? 'exact' : 'approximate'
  const matches = result.matches === undefined ? '' : `, ${formatCount(result.matches)} match`
  const remembered = result.cache.hit ? `, remembered for ${result.cache.ageMs} ms` : ''
  const took = `${(result.tookUs / 1000).toFixed(1)} ms${remembered}`
  terminal.note(terminal.dim(`${rowsOf(result).length} results, ${kind}${matches}, ${took}`))
  if (!result.complete) {
    terminal.note(`Incomplete: ${result.shardsAnswered} of ${result.shardsTotal} shards answered.`)
    for (const { shardId, message } of result.missing) {
      terminal.note(`shard ${shardId} is missing: ${message}`)
    }
  }
  if (result.nextPageToken !== '') {
    terminal.note(`The next page: --page-token ${result.nextPageToken}`)
  }
  if (result.rerank !== undefined) noteRerank(terminal, result.rerank)
  for (const warning of result.warnings) terminal.note(`Note: ${warning}`)
  if (result.whyNot !== undefined) terminal.note(`${result.whyNot.id}: ${result.whyNot.text}`)
  if (explain && result.explanation !== undefined) terminal.note(result.explanation.text)
}

function noteRerank(terminal: Terminal, report: RerankReport): void {
  const { strategy, version, candidates, tookUs, degraded, reason, message } = report
  const took = `${(tookUs / 1000).toFixed(1)} ms`
  const how = `reranked ${candidates} candidates by ${strategy} ${version}, ${took}`
  terminal.note(degraded ? `Not reranked: ${reason}: ${message}` : terminal.dim(how))
}

function rerankOf({ rerank }: SearchFlags): { readonly rerank?: Rerank } {
  return rerank === undefined ? {} : { rerank: rerank as Rerank }
}
