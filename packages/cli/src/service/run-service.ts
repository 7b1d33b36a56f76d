/** Runs one service in this process, by the settings that flags, environment and file give. */
import { readFileSync } from 'node:fs'
import {
  type ConfigFlag,
  type ConfigSpec,
  formatToml,
  type LoadedConfig,
  loadConfig,
} from '@vectron/base'
import { GloveSifEmbedder } from '@vectron/embed'
import { DemoNodes } from '@vectron/local-cluster'
import {
  AUTH_SERVICE,
  createKey,
  gatewayService,
  PLACEMENT_SERVICE,
  RERANKER_SERVICE,
  runService,
  type ServiceDefinition,
  type ServiceName,
  WORKER_SERVICE,
} from '@vectron/process'
import { modelFolder } from '../cache-folder.ts'
import { clusterAt } from '../cluster/cluster-at.ts'
import type { ServiceFlags } from '../commands/service.ts'
import type { CliContext } from '../context.ts'
import { CliError, EXIT_CODES } from '../exit-code.ts'
import { VERSION } from '../version.ts'

export async function runServiceCommand(
  name: ServiceName,
  flags: ServiceFlags,
  context: CliContext,
): Promise<void> {
  switch (name) {
    case 'placement':
      return run(PLACEMENT_SERVICE, flags, context)
    case 'reranker':
      return run(RERANKER_SERVICE, flags, context)
    case 'worker':
      return run(WORKER_SERVICE, flags, context)
    case 'gateway':
      return run(
        gatewayService(
          [new GloveSifEmbedder({ cacheFolder: modelFolder(context.env) })],
          (folder) => new DemoNodes(clusterAt(folder, context)),
        ),
        flags,
        context,
      )
    case 'auth': {
      if (flags.createKey === undefined) return run(AUTH_SERVICE, flags, context)
      const { values } = load(AUTH_SERVICE, flags, context)
      context.terminal.out(await createKey(values, flags.createKey))
    }
  }
}

async function run<S extends ConfigSpec>(
  service: ServiceDefinition<S>,
  flags: ServiceFlags,
  context: CliContext,
): Promise<void> {
  const loaded = load(service, flags, context)
  if (flags.printConfig) {
    context.terminal.out(formatToml(service.settings, loaded))
    return
  }
  const write = (line: string) => context.terminal.out(line)
  await runService(service, loaded.values, { version: VERSION, write })
  // All is closed; what was cut off while it opened must not keep the process alive.
  process.exit(EXIT_CODES.ok.code)
}

function load<S extends ConfigSpec>(
  service: ServiceDefinition<S>,
  flags: ServiceFlags,
  { env }: CliContext,
): LoadedConfig<S> {
  const file = flags.config
  return loadConfig(service.settings, {
    file: file === undefined ? undefined : { path: file, text: readFileSync(file, 'utf8') },
    env,
    flags: (flags.set ?? []).map(parseFlag),
  })
}

/** `grpc.port=6200` */
function parseFlag(text: string): ConfigFlag {
  const match = /^([\w]+\.[\w]+)=(.*)$/s.exec(text)
  const [, path, value] = match ?? []
  if (path !== undefined && value !== undefined) return { path, flag: '--set', value }
  throw new CliError('usage', `"${text}" is not section.key=value.`, 'Such as: --set grpc.port=0')
}
