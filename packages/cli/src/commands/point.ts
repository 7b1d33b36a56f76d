/** `vectron point`: write, read, count and delete single points or those that match a filter. */
import type {
  FacetCount,
  Filter,
  Point,
  PointInput,
  WriteOptions,
  WriteSelection,
} from '@vectron/client'
import type { Command } from 'commander'
import { filter, jsonObject, vector, wholeNumber } from '../arguments.ts'
import { confirmByName } from '../confirm.ts'
import { connect } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import { CliError } from '../exit-code.ts'
import { type Column, cellText, showObject, showRows } from '../output.ts'
import { formatCount } from '../progress-bar.ts'

type AnyPoint = Point<Record<string, unknown>>

interface UpsertFlags extends ClientFlags {
  readonly vector?: number[]
  readonly text?: string
  readonly payload?: Record<string, unknown>
  readonly expires?: string
  readonly ifVersion?: number
  readonly requestId?: string
}

interface SelectionFlags extends ClientFlags {
  readonly id?: string[]
  readonly filter?: Filter
}

interface WriteFlags extends SelectionFlags {
  readonly ifVersion?: number
  readonly requestId?: string
}

interface UpdateFlags extends WriteFlags {
  readonly expires?: string
  readonly set?: Record<string, unknown>
  readonly remove?: string[]
  readonly replace?: true
}

interface FacetFlags extends ClientFlags {
  readonly filter?: Filter
  readonly limit: number
  readonly exact?: true
}

interface ScrollFlags extends ClientFlags {
  readonly filter?: Filter
  readonly limit: number
  readonly withVector?: true
}

const COLUMNS: readonly Column<AnyPoint>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'version', text: ({ version }) => cellText(version) },
  { title: 'payload', text: ({ payload }) => cellText(payload) },
]
const FACET_COLUMNS: readonly Column<FacetCount>[] = [
  { title: 'value', text: ({ value }) => cellText(value) },
  { title: 'points', text: ({ count }) => formatCount(count) },
]
const VECTOR_COLUMN: Column<AnyPoint> = {
  title: 'vector',
  text: (point) => cellText(point.vector),
}
const SCROLL_PAGE_MAX = 1000
const version = wholeNumber(0)
const REQUEST_ID = 'your word for the request; the same one again changes nothing more'

export function addPointCommands(program: Command, context: CliContext): void {
  const point = program.command('point').description('write and read points')
  addUpsert(point, context)
  addGet(point, context)
  addDelete(point, context)
  addScroll(point, context)
  addCount(point, context)
  addFacet(point, context)
  addUpdatePayload(point, context)
}

function addUpsert(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('upsert').description('insert or replace one point'))
    .argument('<collection>')
    .argument('<id>')
    .option('--vector <numbers>', 'its vector: 0.1,0.2,0.3', vector)
    .option('--text <text>', 'a text to embed, instead of a vector')
    .option('--payload <json>', 'a JSON object', jsonObject)
    .option('--expires <time>', 'from when on it is gone: 2026-12-31T00:00:00Z')
    .option('--if-version <n>', 'only if the point has this version; 0: if there is none', version)
    .option('--request-id <text>', REQUEST_ID)
    .addHelpText(
      'after',
      `
Examples:
  $ vectron point upsert photos p1 --vector 0.1,0.2,0.3 --payload '{"year":2024}'
  $ vectron point upsert notes n1 --text "buy milk"
Many points: vectron import --help`,
    )
    .action(async (collection: string, id: string, flags: UpsertFlags) => {
      const point = toPointInput(id, flags)
      const written = await connect(flags, env)
        .collection(collection)
        .upsert([point], toOptions(flags))
      showObject(terminal, flags.output, { ...written })
    })
}

function toPointInput(id: string, flags: UpsertFlags): PointInput<Record<string, unknown>> {
  const { vector: components, text, payload, expires, ifVersion } = flags
  const rest = {
    id,
    ...(payload === undefined ? {} : { payload }),
    ...(expires === undefined ? {} : { expireTime: expires }),
    ...(ifVersion === undefined ? {} : { ifVersion }),
  }
  if (components !== undefined && text === undefined) return { ...rest, vector: components }
  if (text !== undefined && components === undefined) return { ...rest, text }
  throw new CliError('usage', 'Needs exactly one of --vector and --text.')
}

function addGet(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('get').description('show points by their ids'))
    .argument('<collection>')
    .argument('<ids...>')
    .option('--with-vector', 'show vectors too')
    .action(
      async (
        collection: string,
        ids: string[],
        flags: ClientFlags & { readonly withVector?: true },
      ) => {
        const withVector = flags.withVector === true
        const found = await connect(flags, env).collection(collection).getMany(ids, { withVector })
        showRows(terminal, flags.output, {
          rows: found.points,
          columns: withVector ? [...COLUMNS, VECTOR_COLUMN] : COLUMNS,
          whole: found,
          whenEmpty: 'None of these points exists.',
        })
        if (found.missing.length > 0) {
          throw new CliError('notFound', `Not found: ${found.missing.join(', ')}`)
        }
      },
    )
}

function addDelete(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('delete').description('delete points by ids or by a filter'))
    .argument('<collection>')
    .option('--id <ids...>', 'ids of points')
    .option('--filter <json>', 'all points that match', filter)
    .option('--if-version <n>', 'only if the one point has this version', version)
    .option('--request-id <text>', REQUEST_ID)
    .option('--yes', 'do not ask before deleting by a filter')
    .action(async (collection: string, flags: WriteFlags & { readonly yes?: true }) => {
      const points = connect(flags, env).collection(collection)
      const selection = toWriteSelection(flags)
      if ('filter' in selection) {
        const count = await points.count(selection)
        const what = `${formatCount(count)} points of ${collection}`
        await confirmByName(terminal, { name: collection, what, isConfirmed: flags.yes === true })
      }
      showObject(terminal, flags.output, {
        ...(await points.delete(selection, toOptions(flags))),
      })
    })
}

function addScroll(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('scroll').description('list points in the order of their ids'))
    .argument('<collection>')
    .option('--filter <json>', 'only points that match', filter)
    .option('--limit <n>', 'at most so many', wholeNumber(1), 20)
    .option('--with-vector', 'show vectors too')
    .addHelpText(
      'after',
      `
Examples:
  $ vectron point scroll dictionary --filter '{"field":"pos","match":"adverb"}' --limit 5
All points: vectron export --help`,
    )
    .action(async (collection: string, flags: ScrollFlags) => {
      const { limit, withVector = false } = flags
      const pages = connect(flags, env)
        .collection(collection)
        .scroll({
          pageSize: Math.min(limit, SCROLL_PAGE_MAX),
          withVector,
          ...(flags.filter === undefined ? {} : { filter: flags.filter }),
        })
      const rows: AnyPoint[] = []
      for await (const point of pages) {
        rows.push(point)
        if (rows.length === limit) break
      }
      const columns = withVector ? [...COLUMNS, VECTOR_COLUMN] : COLUMNS
      const whole = { points: rows }
      showRows(terminal, flags.output, { rows, columns, whole, whenEmpty: 'No points match.' })
    })
}

function addCount(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('count').description('count points, exactly'))
    .argument('<collection>')
    .option('--filter <json>', 'only points that match', filter)
    .action(async (collection: string, flags: SelectionFlags) => {
      const query = flags.filter === undefined ? {} : { filter: flags.filter }
      const count = await connect(flags, env).collection(collection).count(query)
      if (flags.output === 'table') terminal.out(String(count))
      else showObject(terminal, flags.output, { count })
    })
}

function addFacet(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('facet').description('count the points of each value of a field'))
    .argument('<collection>')
    .argument('<field>')
    .option('--filter <json>', 'only points that match', filter)
    .option('--limit <n>', 'at most so many values', wholeNumber(1), 10)
    .option('--exact', 'gather rare values too')
    .action(async (collection: string, field: string, flags: FacetFlags) => {
      const { limit, exact = false } = flags
      const query = {
        limit,
        exact,
        ...(flags.filter === undefined ? {} : { filter: flags.filter }),
      }
      const found = await connect(flags, env).collection(collection).facet(field, query)
      showRows(terminal, flags.output, {
        rows: found.counts,
        columns: FACET_COLUMNS,
        whole: found,
        whenEmpty: 'No point has a value there.',
      })
    })
}

function addUpdatePayload(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('update-payload').description('change payloads, not vectors'))
    .argument('<collection>')
    .option('--id <ids...>', 'ids of points')
    .option('--filter <json>', 'all points that match', filter)
    .option('--set <json>', 'keys to set', jsonObject)
    .option('--remove <keys...>', 'top-level keys to remove')
    .option('--replace', 'make --set the whole payload')
    .option('--expires <time>', 'from when on they are gone: 2026-12-31T00:00:00Z, or never')
    .option('--if-version <n>', 'only if the one point has this version', version)
    .option('--request-id <text>', REQUEST_ID)
    .action(async (collection: string, flags: UpdateFlags) => {
      const { set, remove, replace, expires } = flags
      if (set === undefined && remove === undefined && expires === undefined) {
        throw new CliError('usage', 'Nothing to change: needs --set, --remove or --expires.')
      }
      const written = await connect(flags, env)
        .collection(collection)
        .updatePayload(
          {
            ...toWriteSelection(flags),
            ...(set === undefined ? {} : { set }),
            ...(remove === undefined ? {} : { remove }),
            ...(replace === undefined ? {} : { replace }),
            ...(expires === undefined ? {} : { expireTime: expires === 'never' ? '' : expires }),
          },
          toOptions(flags),
        )
      showObject(terminal, flags.output, { ...written })
    })
}

function toOptions({ requestId }: { readonly requestId?: string }): WriteOptions {
  return requestId === undefined ? {} : { requestId }
}

function toWriteSelection(flags: WriteFlags): WriteSelection<Record<string, unknown>> {
  const { ifVersion, id = [] } = flags
  if (ifVersion === undefined) return toSelection(flags)
  const [only, ...others] = id
  if (only === undefined || others.length > 0 || flags.filter !== undefined) {
    throw new CliError('usage', '--if-version needs exactly one --id.')
  }
  return { ids: [only], ifVersion }
}

function toSelection(flags: SelectionFlags): { ids: string[] } | { filter: Filter } {
  if (flags.id !== undefined && flags.filter === undefined) return { ids: flags.id }
  if (flags.filter !== undefined && flags.id === undefined) return { filter: flags.filter }
  throw new CliError('usage', 'Needs exactly one of --id and --filter.')
}
