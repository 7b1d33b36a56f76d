/** `vectron export`: all points of a collection, or those that match, as JSON lines. */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { Filter } from '@vectron/client'
import type { Command } from 'commander'
import { filter } from '../arguments.ts'
import { connect } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import { jsonLine } from '../output.ts'
import { ProgressBar } from '../progress-bar.ts'

interface ExportFlags extends ClientFlags {
  readonly filter?: Filter
  readonly vectors: boolean
}

export function addExportCommand(program: Command, { terminal, env }: CliContext): void {
  withClientFlags(program.command('export').description('write points as JSON lines'))
    .argument('<collection>')
    .argument('[file]', 'where to; standard output when left out', '-')
    .option('--filter <json>', 'only points that match', filter)
    .option('--no-vectors', 'leave vectors out')
    .addHelpText(
      'after',
      `
Lines are as import reads them: {"id": ..., "vector": [...], "payload": {...}}

Examples:
  $ vectron export photos photos.jsonl
  $ vectron export dictionary --no-vectors --filter '{"field":"pos","match":"verb"}' | gzip > v.gz`,
    )
    .action(async (name: string, file: string, flags: ExportFlags) => {
      const collection = connect(flags, env).collection(name)
      const selection = flags.filter === undefined ? {} : { filter: flags.filter }
      const total = await collection.count(selection)
      const target = file === '-' ? process.stdout : createWriteStream(file)
      const bar = new ProgressBar(terminal, { label: `export ${name}`, total, unit: 'points' })
      let written = 0
      for await (const point of collection.scroll({ ...selection, withVector: flags.vectors })) {
        const { id, vector, payload, expireTime } = point
        const line = jsonLine({ id, vector, payload, expireTime })
        if (!target.write(`${line}\n`)) await once(target, 'drain')
        written += 1
        bar.update(written)
      }
      if (target !== process.stdout) {
        target.end()
        await finished(target)
      }
      bar.finish()
    })
}
