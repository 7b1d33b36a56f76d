/** Asks before something is lost: the name is typed, or `--yes` was given. */
import { CliError } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

export async function confirmByName(
  terminal: Terminal,
  asked: { readonly name: string; readonly what: string; readonly isConfirmed: boolean },
): Promise<void> {
  const { name, what, isConfirmed } = asked
  if (isConfirmed) return
  const typed = await terminal.ask(`This deletes ${what}. Type "${name}" to go on: `)
  if (typed === undefined) {
    throw new CliError('usage', `Would delete ${what}; nobody can be asked here.`, 'Add --yes.')
  }
  if (typed.trim() !== name) throw new CliError('failure', 'Not deleted: the name differs.')
}
