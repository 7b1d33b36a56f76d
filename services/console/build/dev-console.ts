/**
 * Serves the console to its developers, with every change at once:
 * `npm run console:dev [gateway address]`. Calls of the API go to that gateway.
 */
import { createServer } from 'vite'
import { devOptions } from './vite-options.ts'

const GATEWAY_DEFAULT = 'http://127.0.0.1:6180'
const PORT = 6189

const gateway = process.argv[2] ?? GATEWAY_DEFAULT
const server = await createServer(devOptions(gateway, PORT))
await server.listen()
process.stdout.write(
  `The console is at ${server.resolvedUrls?.local[0]}, its API at ${gateway}.\n` +
    'Sign in by the code of the link that the gateway printed: /?code=...\n',
)
