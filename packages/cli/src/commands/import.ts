/**
 * `vectron import`: loads points from JSONL, npy and fvecs files, with progress, going on after a
 * stop.
 */
import { type Collection, type Metric, type Vectron, VectronApiError } from '@vectron/client'
import { type Command, Option } from 'commander'
import { wholeNumber } from '../arguments.ts'
import { cacheFolder } from '../cache-folder.ts'
import { connect, findConnection } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import { CliError } from '../exit-code.ts'
import type { ImportFile } from '../formats/import-row.ts'
import { IMPORT_FORMATS, type ImportFormat, openImportFile } from '../formats/open-import-file.ts'
import { importPoints } from '../import-points.ts'
import { ImportState } from '../import-state.ts'
import { showObject } from '../output.ts'
import { formatCount, ProgressBar } from '../progress-bar.ts'

interface ImportFlags extends ClientFlags {
  readonly format?: ImportFormat
  readonly create?: true
  readonly metric: Metric
  readonly batchSize: number
  readonly concurrency: number
  readonly errorsMax: number
  readonly restart?: true
}

const SAVE_EVERY_MS = 500

export function addImportCommand(program: Command, context: CliContext): void {
  withClientFlags(program.command('import').description('load points from a file'))
    .argument('<collection>')
    .argument('<file>', 'a .jsonl, .npy or .fvecs file; - reads JSONL from standard input')
    .addOption(
      new Option('--format <format>', 'when the name does not tell').choices(IMPORT_FORMATS),
    )
    .option('--create', 'create the collection if it does not exist')
    .addOption(
      new Option('--metric <metric>', 'of a created collection')
        .choices(['cosine', 'dot', 'l2'])
        .default('cosine'),
    )
    .option('--batch-size <n>', 'points of one request', wholeNumber(1, 10_000), 500)
    .option('--concurrency <n>', 'requests on the way at once', wholeNumber(1, 64), 4)
    .option('--errors-max <n>', 'wrong rows to report before giving up', wholeNumber(0), 100)
    .option('--restart', 'begin anew instead of where an interrupted import ended')
    .addHelpText(
      'after',
      `
A line of JSONL: {"id": "a", "vector": [0.1, 0.2], "payload": {"year": 2024}}
Instead of "vector", "text" is embedded where the collection has an embedder. Rows of npy and fvecs
get their numbers, from 0, as ids.

Examples:
  $ vectron import photos photos.jsonl
  $ vectron import sift sift_base.fvecs --create --metric l2
  $ zcat notes.jsonl.gz | vectron import notes -`,
    )
    .action((collection: string, file: string, flags: ImportFlags) =>
      runImport(context, { name: collection, file, flags }),
    )
}

async function runImport(
  { terminal, env }: CliContext,
  task: { readonly name: string; readonly file: string; readonly flags: ImportFlags },
): Promise<void> {
  const { name, file, flags } = task
  const source = openImportFile(file, flags.format)
  const vectron = connect(flags, env)
  if (flags.create) await createIfAbsent(vectron, name, source, flags.metric)
  const collection = vectron.collection(name)
  await collection.info()
  const state = openState(env, { name, file, flags })
  const skip = flags.restart ? 0 : (state?.load() ?? 0)
  if (skip > 0) {
    terminal.note(`Going on after row ${formatCount(skip)}; --restart begins anew.`)
  }
  const problems = new ProblemReport(flags.errorsMax, (line) => terminal.note(line))
  const bar = new ProgressBar(terminal, {
    label: `import ${name}`,
    total: source.rows,
    start: skip,
    unit: 'rows',
  })
  const written = await writeRows(collection, source, { skip, flags, problems, bar, state })
  bar.finish()
  state?.clear()
  showObject(terminal, flags.output, { collection: name, written, problems: problems.count })
  if (problems.count > 0) {
    throw new CliError('usage', `${formatCount(problems.count)} rows were left out, see above.`)
  }
}

interface Writing {
  readonly skip: number
  readonly flags: ImportFlags
  readonly problems: ProblemReport
  readonly bar: ProgressBar
  readonly state: ImportState | undefined
}

async function writeRows(
  collection: Collection,
  source: ImportFile,
  { skip, flags, problems, bar, state }: Writing,
): Promise<number> {
  const { batchSize, concurrency } = flags
  const onProblem = (row: number, problem: string) => problems.add(row, problem)
  let written = 0
  let savedMs = performance.now()
  try {
    const settings = { batchSize, concurrency, onProblem }
    for await (const progress of importPoints(collection, source.read(skip), settings)) {
      written += progress.written
      bar.update(progress.row)
      if (performance.now() - savedMs < SAVE_EVERY_MS) continue
      state?.save(progress.row)
      savedMs = performance.now()
    }
  } catch (error) {
    bar.abandon()
    throw error
  }
  return written
}

/** Standard input cannot be read again, so it has no state. */
function openState(
  env: CliContext['env'],
  task: { readonly name: string; readonly file: string; readonly flags: ImportFlags },
): ImportState | undefined {
  if (task.file === '-') return undefined
  const url = findConnection(task.flags, env).url.value
  return new ImportState(cacheFolder(env), { file: task.file, url, collection: task.name })
}

async function createIfAbsent(
  vectron: Vectron,
  name: string,
  source: ImportFile,
  metric: Metric,
): Promise<void> {
  const dimension = source.dimension ?? (await firstDimension(source))
  try {
    await vectron.createCollection({ name, dimension, metric })
  } catch (error) {
    const exists = error instanceof VectronApiError && error.reason === 'COLLECTION_EXISTS'
    if (!exists) throw error
  }
}

async function firstDimension(source: ImportFile): Promise<number> {
  for await (const row of source.read(0)) {
    if (row.kind === 'point' && 'vector' in row.point) return row.point.vector.length
  }
  throw new CliError('usage', 'No row has a vector, so the dimension is not known.')
}

/** Reports wrong rows, and gives up after too many. */
class ProblemReport {
  readonly #max: number
  readonly #say: (line: string) => void
  count = 0

  constructor(max: number, say: (line: string) => void) {
    this.#max = max
    this.#say = say
  }

  add(row: number, problem: string): void {
    this.count += 1
    this.#say(`row ${row}: ${problem}`)
    if (this.count > this.#max) {
      throw new CliError('usage', `More than ${this.#max} rows are wrong.`, 'See --errors-max.')
    }
  }
}
