/** `vectron cert`: a cluster's authority and its certificates; what it does is in ../cert/. */
import { NODE_ROLES } from '@vectron/base'
import { Argument, type Command, Option } from 'commander'
import { gather, wholeNumber } from '../arguments.ts'
import type { CliContext } from '../context.ts'
import { OUTPUT_FORMATS, type OutputFormat } from '../output.ts'

export interface AuthorityFlags {
  /** Where `ca.pem` and `ca.key` are. */
  readonly ca: string
  readonly days: number
}

export interface CreateAuthorityFlags extends AuthorityFlags {
  readonly name: string
}

export interface IssueFlags extends AuthorityFlags {
  readonly id?: number
  readonly host: readonly string[]
  readonly out: string
}

export interface ShowFlags {
  readonly output: OutputFormat
}

const CA_FOLDER_DEFAULT = 'certs'
/** Ten years: when it ends, every node needs a new certificate at once. */
const CA_DAYS = 3650
const NODE_DAYS = 365
const DAYS_MAX = 36_500

/** The library for certificates is large; other commands do not load it. */
const actions = () => import('../cert/run-cert.ts')

export function addCertCommands(program: Command, context: CliContext): void {
  const cert = program
    .command('cert')
    .description('a private authority, and certificates by which processes know each other')
    .addHelpText(
      'after',
      `
Examples:
  $ vectron cert ca
  $ vectron cert issue placement placement-1 --id 1
  $ vectron cert issue worker worker-1 --out /etc/vectron
  $ vectron cert show certs/worker-1.pem
  $ vectron cert renew certs/worker-1.pem

Keep ca.key where no process of the cluster runs; nodes need ca.pem and their own two files.`,
    )
  addAuthority(cert, context)
  addIssue(cert, context)
  addRenew(cert, context)
  addShow(cert, context)
}

function caOption(): Option {
  return new Option('--ca <folder>', 'where ca.pem and ca.key are').default(CA_FOLDER_DEFAULT)
}

function addAuthority(cert: Command, { terminal }: CliContext): void {
  cert
    .command('ca')
    .description('make the authority of a cluster: ca.pem and ca.key')
    .addOption(caOption())
    .option('--name <name>', 'what people call the cluster', 'vectron')
    .option('--days <days>', 'how long it is trusted', wholeNumber(1, DAYS_MAX), CA_DAYS)
    .action(async (flags: CreateAuthorityFlags) => {
      await (await actions()).createAuthorityFiles(flags, terminal)
    })
}

function addIssue(cert: Command, { terminal }: CliContext): void {
  cert
    .command('issue')
    .description('make the certificate of a node: NAME.pem and NAME.key')
    .addArgument(new Argument('<role>', 'what the node is').choices(NODE_ROLES))
    .argument('<name>', 'what people call it, such as worker-1')
    .addOption(caOption())
    .option('--id <id>', 'for this member of placement, or worker, alone', wholeNumber(1))
    .option('--host <host>', "the node's host name or address; may be repeated", gather, [])
    .option('--days <days>', 'how long it counts', wholeNumber(1, DAYS_MAX), NODE_DAYS)
    .option('--out <folder>', 'where the two files go', CA_FOLDER_DEFAULT)
    .action(async (role: (typeof NODE_ROLES)[number], name: string, flags: IssueFlags) => {
      await (await actions()).issueFiles({ role, name }, flags, terminal)
    })
}

function addRenew(cert: Command, { terminal }: CliContext): void {
  cert
    .command('renew')
    .description('replace certificates and keys by new ones for the same names, as long again')
    .argument('<files...>', 'such as certs/worker-1.pem; the key is beside it')
    .addOption(caOption())
    .action(async (files: readonly string[], flags: Pick<AuthorityFlags, 'ca'>) => {
      await (await actions()).renewFiles(files, flags, terminal)
    })
}

function addShow(cert: Command, { terminal }: CliContext): void {
  cert
    .command('show')
    .description('whom certificates are for, who signed them, and when they end')
    .argument('<files...>', 'certificates in PEM')
    .addOption(
      new Option('-o, --output <format>', 'how results are shown')
        .choices(OUTPUT_FORMATS)
        .default('table'),
    )
    .action(async (files: readonly string[], flags: ShowFlags) => {
      await (await actions()).showFiles(files, flags, terminal)
    })
}
