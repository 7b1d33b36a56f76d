/** Loads the demo collection into a running Vectron, by the command that people use. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ServerAddress } from '@vectron/testkit'
import { COMMAND } from '../cluster/local-cluster.ts'

export async function loadDemo({ url, apiKey }: ServerAddress): Promise<void> {
  const child = spawn(process.execPath, [COMMAND, 'demo', 'load', 'dictionary'], {
    env: { ...process.env, VECTRON_URL: url, VECTRON_API_KEY: apiKey },
    stdio: 'ignore',
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`vectron demo load ended with ${code}`)
}
