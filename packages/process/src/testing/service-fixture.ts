/** Services opened as in processes of their own, with certificates of an authority, for tests. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  type ConfigSpec,
  type ConfigValues,
  createLogger,
  loadConfig,
  type NodeRole,
} from '@vectron/base'
import {
  createAuthority,
  issueCertificate,
  type KeyedCertificate,
} from '../certificates/authority.ts'
import { Closers } from '../closers.ts'
import type { OpenService, ServiceDefinition } from '../run-service.ts'
import { type Surroundings, systemSurroundings } from '../surroundings.ts'

/** Settings by their paths. */
export type Values = Readonly<Record<string, string>>

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-services-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

export function makeAuthority(name = 'test'): Promise<KeyedCertificate> {
  return createAuthority({ name, days: 2, nowMs: Date.now() })
}

export interface TlsRequest {
  readonly role: NodeRole
  readonly id?: bigint
  /** When it is made; default: now. */
  readonly nowMs?: number
}

/** Makes the files of a node; answers the settings that name them. */
export async function issueTls(
  folder: string,
  authority: KeyedCertificate,
  { role, id, nowMs = Date.now() }: TlsRequest,
): Promise<Values> {
  const request = { role, id, name: role, hosts: [], days: 2, nowMs }
  const { cert, key } = await issueCertificate(authority, request)
  const files = Object.entries({ cert, key, ca: authority.cert }).map(([kind, text]) => {
    const file = join(folder, `${role}-${kind}.pem`)
    writeFileSync(file, text)
    return [`tls.${kind}`, file]
  })
  return Object.fromEntries(files)
}

export function configOf<S extends ConfigSpec>(
  { settings }: ServiceDefinition<S>,
  values: Values,
): ConfigValues<S> {
  const flags = Object.entries(values).map(([path, value]) => ({ path, value, flag: path }))
  return loadConfig(settings, { flags }).values
}

/** What is opened in it is closed at the end of the test, newest first. */
export function surround(t: TestContext, name: string): Surroundings {
  const closers = new Closers()
  t.after(() => closers.closeAll())
  return systemSurroundings({
    logger: createLogger({ name, write: (line) => t.diagnostic(line.trim()) }),
    version: '1',
    bootEpoch: 1n,
    onFatal: (error) => assert.fail(`fatal: ${error}`),
    closers,
    signal: new AbortController().signal,
  })
}

export function openService<S extends ConfigSpec>(
  t: TestContext,
  service: ServiceDefinition<S>,
  values: Values,
): Promise<OpenService> {
  return service.open(configOf(service, values), surround(t, service.name))
}
