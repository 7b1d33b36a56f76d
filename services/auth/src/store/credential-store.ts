/**
 * CredentialStore: where identity lives: ordered keys with small values, revisions and a watch.
 *
 * Two implementations, one contract suite (credential-store.contract.ts): etcd for several
 * instances of the service, one SQLite file for a single machine. What keys and values mean is
 * said by records.ts; the store knows nothing of it.
 *
 * Must stay true of each implementation: a commit is atomic and durable before it is answered;
 * revisions grow with each commit and never repeat; a watch misses nothing, or says so by `reset`.
 */

/** Grows with each commit of the store; 0 stands for "no such key". */
export type Revision = bigint

export interface StoredRecord {
  readonly key: string
  readonly value: string
  /** The commit that wrote this value. */
  readonly revision: Revision
}

/** What must be so for a commit to happen. */
export interface Expectation {
  readonly key: string
  /** The revision that the key has; 0n: the key is absent. */
  readonly revision: Revision
}

export interface PutRecord {
  readonly key: string
  readonly value: string
  /** Milliseconds after which the key is gone by itself, rounded up to seconds. Default: never. */
  readonly ttlMs?: number
}

export interface StoreCommit {
  readonly expect?: readonly Expectation[]
  readonly put?: readonly PutRecord[]
  readonly remove?: readonly string[]
}

export type StoreEvent =
  | { readonly kind: 'put'; readonly record: StoredRecord }
  | { readonly kind: 'removed'; readonly key: string }
  /** Events may have been missed: what was read before must be read again. */
  | { readonly kind: 'reset' }
  /**
   * All that was committed up to STORE_CURRENT_MS ago has been told. Comes about that often, and
   * not while the store cannot be sure: a watcher that hears none must not trust what it knows.
   */
  | { readonly kind: 'current' }

export interface CredentialStore {
  get(key: string): Promise<StoredRecord | undefined>
  /** All records whose keys begin with `prefix`, in the order of keys. */
  list(prefix: string): Promise<StoredRecord[]>
  /**
   * All of the changes or none. false: an expectation does not hold, nothing was changed.
   *
   * @throws VectronError UNAVAILABLE when the store does not answer; the commit may have happened.
   */
  commit(change: StoreCommit): Promise<boolean>
  /**
   * What changes under `prefix` from now on, in the order of commits. Begins with a `reset`, upon
   * which the watch is in force; gives another after each interruption. Ends with the signal.
   */
  watch(prefix: string, signal: AbortSignal): AsyncIterable<StoreEvent>
  close(): void
}

/** Milliseconds between two proofs that a watch is not behind. */
export const STORE_CURRENT_MS = 250

/** The smallest key behind all that begin with `prefix`. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  const end = Uint8Array.from(prefix)
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end[at] ?? 0
    if (byte < 0xff) {
      end[at] = byte + 1
      return end.subarray(0, at + 1)
    }
  }
  return Uint8Array.of(0)
}
