/**
 * Loads the demo at the first start, in the background while Vectron serves.
 *
 * A file in the data folder remembers that it was loaded, so that a collection that was deleted on
 * purpose stays deleted. A load that was cut off goes on at the next start. Whatever goes wrong
 * here is told and never stops the server.
 */
import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Vectron } from '@vectron/client'
import { DICTIONARY, DICTIONARY_POINTS, loadDictionary } from '../demo/dictionary.ts'
import { ProgressBar } from '../progress-bar.ts'
import type { Terminal } from '../terminal.ts'

export interface DemoLoading {
  readonly vectron: Vectron
  readonly terminal: Terminal
  readonly dataFolder: string
  /** Makes the text model ready; it may have to be built. */
  readonly prepare: () => Promise<unknown>
  /** Ends the load. */
  readonly signal: AbortSignal
}

/** Settles when the demo is loaded, was loaded before, or cannot be; never rejects. */
export async function loadDemoOnce(loading: DemoLoading): Promise<void> {
  const { terminal, dataFolder, signal } = loading
  const marker = path.join(dataFolder, 'demo-loaded')
  if (existsSync(marker)) return
  try {
    await load(loading)
    writeFileSync(marker, `${DICTIONARY.name}\n`)
  } catch (error) {
    terminal.status(undefined)
    if (signal.aborted) return
    terminal.note(`The demo was not loaded: ${(error as Error).message}`)
    terminal.note(`Try again with: vectron demo load ${DICTIONARY.name}`)
  }
}

async function load({ vectron, terminal, prepare, signal }: DemoLoading): Promise<void> {
  const startMs = performance.now()
  await prepare()
  if (performance.now() - startMs > 1000) {
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
    terminal.note(`text model: built in ${seconds} s`)
  }
  let bar: ProgressBar | undefined
  for await (const { start, done } of loadDictionary(vectron, signal)) {
    bar ??= new ProgressBar(terminal, {
      label: DICTIONARY.name,
      total: DICTIONARY_POINTS,
      start,
      unit: 'points',
    })
    bar.update(done)
  }
  bar?.finish()
}
