/**
 * Loads the addon, once, and says what it exports.
 *
 * The interfaces list what Rust gives, in the order of the Rust files; the public interfaces of
 * this package stand on them. Calls that take a call number answer through the completion ring.
 */
import { createRequire } from 'node:module'
import { VectronError } from '@vectron/base'
import type { RaftCore, RaftCoreOptions } from './raft-core.ts'
import type { ApplyEntry, EngineOptions } from './shard-engine.ts'

/** One finished call: an answer, or the parts of a VectronError. */
export interface Completion {
  readonly call: number
  readonly bytes?: Uint8Array
  readonly number?: bigint
  readonly reason?: string
  readonly message?: string
  readonly subject?: string
}

/** Opaque: where one JavaScript thread collects its finished calls. */
export interface CompletionRing {
  readonly constructor: NativeAddon['CompletionRing']
}

export interface NativeRaftLogOptions {
  readonly reserveBytes: number
  readonly fileBytes: number
  readonly purgeBytes: number
}

export interface NativeRaftLog {
  groups(): bigint[]
  load(group: bigint): Uint8Array | undefined
  read(call: number, group: bigint, low: bigint, bytesMax: number): void
  append(call: number, batch: Uint8Array): void
  compact(call: number, group: bigint, index: bigint): void
  remove(call: number, group: bigint): void
  diskBytes(): number
  close(call: number): void
}

export interface NativeShardEngineOptions {
  readonly folder: string
  readonly config: Uint8Array
  readonly tailPointsMax: number
}

export interface NativeShardEngine {
  appliedIndex(): bigint
  durableIndex(): bigint
  apply(call: number, entries: readonly ApplyEntry[]): void
  search(call: number, request: Uint8Array): void
  read(call: number, request: Uint8Array): void
  checkpoint(call: number): void
  snapshot(call: number, folder: string): void
  digest(call: number): void
  stats(): Uint8Array
  hasExpired(): boolean
  indexed(call: number): void
  close(call: number): void
  abandon(call: number): void
}

export interface NativeAddon {
  readonly CompletionRing: new (
    deliver: (completions: readonly Completion[]) => void,
  ) => CompletionRing
  readonly RaftCore: new (options: Required<RaftCoreOptions>) => RaftCore
  readonly RaftLog: new (
    ring: CompletionRing,
    call: number,
    folder: string,
    options: NativeRaftLogOptions,
  ) => NativeRaftLog
  readonly ShardEngine: new (
    ring: CompletionRing,
    call: number,
    options: NativeShardEngineOptions,
  ) => NativeShardEngine
  readonly configureEngine: (options: EngineOptions) => void
}

const ADDON_PATH = '../vectron.node'

let loaded: NativeAddon | undefined

/** @throws VectronError INTERNAL when the addon was not built, or for another platform */
export function loadAddon(): NativeAddon {
  loaded ??= requireAddon()
  return loaded
}

function requireAddon(): NativeAddon {
  const require = createRequire(import.meta.url)
  try {
    return require(ADDON_PATH) as NativeAddon
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND'
    const what = isMissing ? 'is missing' : 'does not load'
    throw new VectronError('INTERNAL', `The Rust addon ${what}: run npm run build.`, {
      subject: 'packages/native/vectron.node',
      cause,
    })
  }
}
