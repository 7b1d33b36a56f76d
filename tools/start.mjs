/**
 * `npm start`: sets the clone up, then runs `vectron start` with the same flags.
 *
 * `npm start -- --port 7000` hands `--port 7000` on. Signals reach Vectron itself, which decides
 * how to stop; this process only waits and passes on the exit code.
 */
import { runTypeScript } from './run.mjs'
import { setup } from './setup.mjs'
import { exitWithMessage } from './setup-step.mjs'

await exitWithMessage(async () => {
  const { node } = await setup()
  process.exitCode = await runTypeScript(node, [
    'packages/cli/src/main.ts',
    'start',
    ...process.argv.slice(2),
  ])
})
