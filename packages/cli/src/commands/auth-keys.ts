/** `vectron auth keys list|create|revoke|rotate`: the API keys of a project. */
import type { ApiKey, NewApiKey, Role } from '@vectron/client'
import { type Command, Option } from 'commander'
import { gather } from '../arguments.ts'
import { type CliContext, type ProjectFlags, withProjectFlags } from '../context.ts'
import { CliError } from '../exit-code.ts'
import { type Column, showObject, showRows } from '../output.ts'
import { connectAsPerson } from '../session-file.ts'

interface CreateFlags extends ProjectFlags {
  readonly environment?: 'live' | 'dev'
  readonly role?: Role
  readonly scope?: readonly string[]
  readonly rowRule?: string
  readonly expires?: string
}

const COLUMNS: readonly Column<ApiKey>[] = [
  { title: 'KEY', text: ({ keyId }) => keyId },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'ROLE', text: ({ role }) => role },
  { title: 'SCOPES', text: ({ scopes }) => scopes.map(formatScope).join(' ') || 'all' },
  { title: 'STATE', text: stateOf },
  { title: 'LAST USE', text: ({ lastUseTime }) => lastUseTime || 'never' },
]

export function addKeyCommands(auth: Command, context: CliContext): void {
  const keys = auth.command('keys').description('API keys of a project')
  addList(keys, context)
  addCreate(keys, context)
  addRevoke(keys, context)
  addRotate(keys, context)
}

function addList(keys: Command, { terminal, env }: CliContext): void {
  withProjectFlags(
    keys.command('list').description('list keys; their texts are shown by nobody'),
  ).action(async (flags: ProjectFlags) => {
    const rows = await (await connectAsPerson(flags, env)).projects.keys(flags.project)
    const whenEmpty = 'No keys yet. Make one: vectron auth keys create NAME'
    showRows(terminal, flags.output, { rows, columns: COLUMNS, whole: { keys: rows }, whenEmpty })
  })
}

function addCreate(keys: Command, { terminal, env }: CliContext): void {
  withProjectFlags(keys.command('create').description('make a key; it is shown this once'))
    .argument('<name>', 'what people call it')
    .addOption(
      new Option('--role <role>', 'what it may do').choices(['reader', 'writer', 'admin', 'owner']),
    )
    .addOption(new Option('--environment <env>', 'where it is used').choices(['live', 'dev']))
    .option('--scope <collection:verbs>', 'only this: shop-*:read,write; may be repeated', gather)
    .option('--row-rule <filter>', 'a filter as JSON: for the key there are only points that match')
    .option('--expires <time>', 'when it ends: 2027-01-01T00:00:00Z')
    .addHelpText(
      'after',
      '\nExample:\n  $ vectron auth keys create ci --role reader --scope "shop-*:read"',
    )
    .action(async (name: string, flags: CreateFlags) => {
      const { projects } = await connectAsPerson(flags, env)
      const { key, text } = await projects.createKey(flags.project, toNewKey(name, flags))
      showObject(terminal, flags.output, { key: text, keyId: key.keyId, role: key.role })
      if (flags.output === 'table') terminal.note('Keep it now: it is not shown again.')
    })
}

function addRevoke(keys: Command, { terminal, env }: CliContext): void {
  withProjectFlags(
    keys.command('revoke').description('end a key; refused everywhere within a second'),
  )
    .argument('<key>', 'its id, as in vectron auth keys list')
    .action(async (keyId: string, flags: ProjectFlags) => {
      await (await connectAsPerson(flags, env)).projects.revokeKey(flags.project, keyId)
      terminal.note(`Revoked ${keyId}.`)
    })
}

function addRotate(keys: Command, { terminal, env }: CliContext): void {
  withProjectFlags(
    keys.command('rotate').description('give a key a second secret; then end the first'),
  )
    .argument('<key>', 'its id')
    .option('--finish', 'end the older secret')
    .action(async (keyId: string, flags: ProjectFlags & { finish?: true }) => {
      const { projects } = await connectAsPerson(flags, env)
      if (flags.finish) {
        await projects.finishRotation(flags.project, keyId)
        terminal.note(`Only the newer secret of ${keyId} counts now.`)
        return
      }
      const { text } = await projects.rotateKey(flags.project, keyId)
      showObject(terminal, flags.output, { key: text, keyId })
      terminal.note(
        `Both count now. When the new one is in use: vectron auth keys rotate ${keyId} --finish`,
      )
    })
}

function toNewKey(name: string, flags: CreateFlags): NewApiKey {
  return {
    name,
    ...(flags.role === undefined ? {} : { role: flags.role }),
    ...(flags.environment === undefined ? {} : { environment: flags.environment }),
    ...(flags.scope === undefined ? {} : { scopes: flags.scope.map(parseScope) }),
    ...(flags.rowRule === undefined ? {} : { rowRule: flags.rowRule }),
    ...(flags.expires === undefined ? {} : { expireTime: flags.expires }),
  }
}

function parseScope(text: string): NonNullable<NewApiKey['scopes']>[number] {
  const [, collection, verbs] = /^([^:]+):([a-z,]+)$/.exec(text) ?? []
  if (collection === undefined || verbs === undefined) {
    throw new CliError('usage', `"${text}" is no scope.`, 'Such as: --scope "shop-*:read,write"')
  }
  return { collection, verbs: verbs.split(',') as ('read' | 'write' | 'admin')[] }
}

function formatScope({ collection, verbs }: ApiKey['scopes'][number]): string {
  return `${collection}:${verbs.join(',')}`
}

function stateOf({ revokeTime, expireTime, secrets }: ApiKey): string {
  if (revokeTime !== '') return 'revoked'
  if (expireTime !== '' && Date.parse(expireTime) <= Date.now()) return 'expired'
  return secrets > 1 ? 'rotating' : 'in force'
}
