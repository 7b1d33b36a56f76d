/** `vectron config`: which values are in force, and where each came from. */
import { describeConfig } from '@vectron/base'
import type { Command } from 'commander'
import { findConnection } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import { showRows } from '../output.ts'

export function addConfigCommands(program: Command, { terminal, env }: CliContext): void {
  const config = program.command('config').description('settings in force, and their origins')
  withClientFlags(config.command('client').description('address and key that commands use')).action(
    (flags: ClientFlags) => {
      const { url, apiKey } = findConnection(flags, env)
      const rows = [
        { setting: 'url', ...url },
        { setting: 'apiKey', value: '(none)', origin: '', ...maskKey(apiKey) },
      ]
      showRows(terminal, flags.output, {
        rows,
        columns: [
          { title: 'setting', text: ({ setting }) => setting },
          { title: 'value', text: ({ value }) => value },
          { title: 'origin', text: ({ origin }) => origin },
        ],
        whole: { settings: rows },
        whenEmpty: '',
      })
    },
  )
  config
    .command('show')
    .description('settings of the server')
    .option('--config <file>', 'settings as TOML')
    .action(async (flags: { readonly config?: string }) => {
      const [{ loadSettingsWithOrigins }, { STANDALONE_SETTINGS }] = await Promise.all([
        import('../start/settings.ts'),
        import('@vectron/process'),
      ])
      const loaded = loadSettingsWithOrigins({ ...flags, demo: true }, env)
      for (const line of describeConfig(STANDALONE_SETTINGS, loaded)) terminal.out(line)
    })
}

/** The key with its secret part hidden. */
function maskKey(setting: { value: string; origin: string } | undefined) {
  if (setting === undefined) return undefined
  return { ...setting, value: `${setting.value.slice(0, 12)}...` }
}
