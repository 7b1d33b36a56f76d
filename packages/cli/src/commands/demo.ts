/** `vectron demo`: example data with meaning, to try Vectron on. */
import type { Command } from 'commander'
import { connect } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import { DICTIONARY, DICTIONARY_POINTS, loadDictionary } from '../demo/dictionary.ts'
import { CliError } from '../exit-code.ts'
import { showRows } from '../output.ts'
import { formatCount, ProgressBar } from '../progress-bar.ts'

interface DemoRow {
  readonly name: string
  readonly points: number
  readonly description: string
}

const DEMOS: readonly DemoRow[] = [
  { name: DICTIONARY.name, points: DICTIONARY_POINTS, description: DICTIONARY.description },
]

export function addDemoCommands(program: Command, context: CliContext): void {
  const demo = program.command('demo').description('example collections')
  addList(demo, context)
  addLoad(demo, context)
}

function addList(parent: Command, { terminal }: CliContext): void {
  withClientFlags(parent.command('list').description('list what can be loaded')).action(
    (flags: ClientFlags) => {
      showRows(terminal, flags.output, {
        rows: DEMOS,
        columns: [
          { title: 'name', text: ({ name }) => name },
          { title: 'points', text: ({ points }) => formatCount(points), align: 'right' },
          { title: 'description', text: ({ description }) => description },
        ],
        whole: { demos: DEMOS },
        whenEmpty: 'None.',
      })
    },
  )
}

function addLoad(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('load').description('load an example, or what is missing of it'))
    .argument('[name]', 'see vectron demo list', DICTIONARY.name)
    .addHelpText('after', '\nExample:\n  $ vectron demo load dictionary')
    .action(async (name: string, flags: ClientFlags) => {
      if (name !== DICTIONARY.name) {
        throw new CliError('usage', `There is no demo "${name}".`, 'See: vectron demo list')
      }
      const vectron = connect(flags, env)
      let bar: ProgressBar | undefined
      for await (const { start, done } of loadDictionary(vectron)) {
        bar ??= new ProgressBar(terminal, {
          label: name,
          total: DICTIONARY_POINTS,
          start,
          unit: 'points',
        })
        bar.update(done)
      }
      if (bar) bar.finish()
      else terminal.note(`${name} is already there, with all its points.`)
      terminal.note(`Try: vectron search ${name} "a young dog"`)
    })
}
