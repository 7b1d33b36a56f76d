/** Where the console lies that a gateway serves: where its build puts it, unless told otherwise. */
import { fileURLToPath } from 'node:url'

const BUILT_HERE = fileURLToPath(new URL('../../../services/console/dist', import.meta.url))

export interface ConsoleSettings {
  readonly serve: boolean
  readonly folder: string
}

/** undefined: no console is served. */
export function consoleFolder(config: { readonly console: ConsoleSettings }): string | undefined {
  const { serve, folder } = config.console
  return serve ? folder || BUILT_HERE : undefined
}
