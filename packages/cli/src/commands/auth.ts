/**
 * `vectron auth register|login|logout|whoami|password|delete`: the account of the person who types.
 * Projects, members and keys are in auth-projects.ts and auth-keys.ts.
 */
import type { Command } from 'commander'
import { connect } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import { CliError } from '../exit-code.ts'
import { showObject } from '../output.ts'
import { connectAsPerson, forgetSession, keepSession } from '../session-file.ts'
import { addKeyCommands } from './auth-keys.ts'
import { addProjectCommands } from './auth-projects.ts'

interface LogInFlags extends ClientFlags {
  readonly email?: string
  readonly link?: string
}

/** Adds them to the command that runs the authenticator. */
export function addAuthCommands(auth: Command, context: CliContext): void {
  addRegister(auth, context)
  addLogIn(auth, context)
  addLogOut(auth, context)
  addWhoAmI(auth, context)
  addPassword(auth, context)
  addDelete(auth, context)
  addKeyCommands(auth, context)
  addProjectCommands(auth, context)
}

function addRegister(auth: Command, { terminal, env }: CliContext): void {
  withClientFlags(auth.command('register').description('make an account and sign in'))
    .requiredOption('--email <address>', 'address of the account')
    .option('--name <name>', 'what people call you')
    .addHelpText('after', PASSWORD_HELP)
    .action(async (flags: ClientFlags & { email: string; name?: string }) => {
      const password = await askPassword({ terminal, env }, 'Password (10 characters or more): ')
      const name = flags.name ?? ''
      const { account } = connect(flags, env)
      const session = await account.register({ email: flags.email, password, name })
      const file = keepSession(flags, env, session)
      terminal.note(`Signed in as ${session.profile.email}; kept in ${file}.`)
    })
}

function addLogIn(auth: Command, { terminal, env }: CliContext): void {
  withClientFlags(auth.command('login').description('sign in; later commands are yours'))
    .option('--email <address>', 'address of the account')
    .option('--link <token>', 'the one-time link of the first start, or its token')
    .addHelpText('after', PASSWORD_HELP)
    .action(async (flags: LogInFlags) => {
      const { account } = connect(flags, env)
      if (flags.link !== undefined) {
        const session = await account.redeemSignInLink(tokenOfLink(flags.link))
        keepSession(flags, env, session)
        terminal.note('Signed in. Choose an address and a password: vectron auth password --email')
        return
      }
      if (flags.email === undefined) {
        throw new CliError('usage', 'Who are you?', 'Add --email <address>, or --link <token>.')
      }
      const password = await askPassword({ terminal, env }, 'Password: ')
      const session = await account.logIn({ email: flags.email, password })
      keepSession(flags, env, session)
      terminal.note(`Signed in as ${session.profile.email}.`)
    })
}

function addLogOut(auth: Command, { terminal, env }: CliContext): void {
  withClientFlags(auth.command('logout').description('end this session, or all of yours'))
    .option('--everywhere', 'end all sessions of the account')
    .action(async (flags: ClientFlags & { everywhere?: true }) => {
      const { account } = await connectAsPerson(flags, env)
      await account.logOut(flags.everywhere ? 'everywhere' : 'this')
      forgetSession(flags, env)
      terminal.note('Signed out.')
    })
}

function addWhoAmI(auth: Command, { terminal, env }: CliContext): void {
  withClientFlags(auth.command('whoami').description('who is signed in, with which projects'))
    .addHelpText('after', '\nExample:\n  $ vectron auth whoami -o json')
    .action(async (flags: ClientFlags) => {
      const profile = await (await connectAsPerson(flags, env)).account.profile()
      const projects = profile.projects.map(({ projectId, role }) => `${projectId} (${role})`)
      const shown =
        flags.output === 'table' ? { ...profile, projects: projects.join(', ') } : profile
      showObject(terminal, flags.output, { ...shown })
    })
}

function addPassword(auth: Command, { terminal, env }: CliContext): void {
  withClientFlags(auth.command('password').description('change the password; ends other sessions'))
    .option('--email <address>', 'also set the address of the account')
    .action(async (flags: ClientFlags & { email?: string }) => {
      const { account } = await connectAsPerson(flags, env)
      const currentPassword = await terminal.askSecret('Current password (empty if none): ')
      const newPassword = await askPassword({ terminal, env }, 'New password: ')
      const email = flags.email ?? ''
      const change = { currentPassword: currentPassword ?? '', newPassword, email }
      keepSession(flags, env, await account.changePassword(change))
      terminal.note('Changed; other sessions have ended.')
    })
}

function addDelete(auth: Command, { terminal, env }: CliContext): void {
  withClientFlags(
    auth.command('delete').description('delete your account, and the projects you have alone'),
  ).action(async (flags: ClientFlags) => {
    const { account } = await connectAsPerson(flags, env)
    const password = await askPassword({ terminal, env }, 'Password, to delete the account: ')
    await account.remove(password)
    forgetSession(flags, env)
    terminal.note('The account is deleted.')
  })
}

const PASSWORD_HELP = `
The password is asked for, or taken from VECTRON_PASSWORD.

Example:
  $ vectron auth login --email ann@example.org`

async function askPassword({ terminal, env }: CliContext, question: string): Promise<string> {
  const given = env['VECTRON_PASSWORD'] ?? (await terminal.askSecret(question))
  if (given !== undefined) return given
  throw new CliError('usage', 'Nobody can be asked for a password here.', 'Set VECTRON_PASSWORD.')
}

/** The token of a link such as http://127.0.0.1:6180/sign-in#vl_..., or what was given. */
function tokenOfLink(link: string): string {
  return /vl_[0-9A-Za-z_]+/.exec(link)?.[0] ?? link
}
