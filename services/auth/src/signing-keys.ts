/**
 * The keys that sign access tokens: Ed25519, made by whichever instance needs one first, kept in
 * the store for all of them, changed by age.
 *
 * A key signs for SIGN_MS and verifies for as long as a token that it signed may live, so a change
 * of key is never noticed. Every verifier takes keys from here alone and pins the algorithm: what a
 * token's header claims beside the key's id does not count (RFC 8725).
 */

import { type Clock, type Random, toBase64Url, VectronError } from '@vectron/base'
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import { keyOf, listRecords, type SigningRecord, toPut } from './records.ts'
import { openSecret, sealSecret } from './sealed-secret.ts'
import type { CredentialStore } from './store/credential-store.ts'

export const SIGNING_ALGORITHM = 'EdDSA'
const DAY_MS = 24 * 3_600_000
/** Milliseconds that a key signs. */
const SIGN_MS = 30 * DAY_MS
/** Milliseconds that a key verifies after that; longer than any token lives. */
const VERIFY_MS = DAY_MS
/** Milliseconds between two looks at the store for an unknown key id. */
const RELOAD_MS = 1000
const KID_BYTES = 9
/** Holds the id of the newest key; changed with each that is made. */
const SEAT = 'signing-seat'

export interface SigningKeysOptions {
  readonly store: CredentialStore
  readonly masterKey: Uint8Array
  readonly clock: Clock
  readonly random: Random
}

interface LoadedKey {
  readonly kid: string
  readonly privateKey: CryptoKey | Uint8Array
  readonly publicKey: CryptoKey | Uint8Array
  readonly publicJwk: JWK
  readonly createdMs: number
}

export class SigningKeys {
  readonly #options: SigningKeysOptions
  #keys: readonly LoadedKey[] = []
  #loadedUs = Number.NEGATIVE_INFINITY

  static async open(options: SigningKeysOptions): Promise<SigningKeys> {
    const keys = new SigningKeys(options)
    await keys.current()
    return keys
  }

  private constructor(options: SigningKeysOptions) {
    this.#options = options
  }

  /** The key that signs now; a new one when the newest is too old. */
  async current(): Promise<LoadedKey> {
    const young = () => this.#keys.find((key) => this.#ageMs(key) < SIGN_MS)
    if (young() === undefined) await this.#load()
    if (young() === undefined) await this.#make()
    const key = young()
    if (key === undefined) throw new VectronError('INTERNAL', 'No signing key could be made.')
    return key
  }

  /** The key of a token's header; undefined for one that is not ours. */
  async find(kid: string): Promise<CryptoKey | Uint8Array | undefined> {
    const known = () => this.#keys.find((key) => key.kid === kid)?.publicKey
    const nowUs = this.#options.clock.monotonicUs()
    if (known() === undefined && nowUs - this.#loadedUs > RELOAD_MS * 1000) await this.#load()
    return known()
  }

  /** Public keys, newest first, for whoever verifies elsewhere. */
  async publicKeys(): Promise<readonly JWK[]> {
    await this.current()
    return this.#keys.map(({ publicJwk }) => publicJwk)
  }

  async #load(): Promise<void> {
    const { store, masterKey } = this.#options
    this.#loadedUs = this.#options.clock.monotonicUs()
    const records = await listRecords<SigningRecord>(store, keyOf.signing(''))
    const keys = await Promise.all(
      records.map(async ({ value }): Promise<LoadedKey> => {
        const privateJwk = JSON.parse(openSecret(masterKey, value.sealedKey)) as JWK
        return {
          kid: value.kid,
          privateKey: await importJWK(privateJwk, SIGNING_ALGORITHM),
          publicKey: await importJWK(value.publicKey, SIGNING_ALGORITHM),
          publicJwk: value.publicKey,
          createdMs: value.createdMs,
        }
      }),
    )
    const live = keys.filter((key) => this.#ageMs(key) < SIGN_MS + VERIFY_MS)
    this.#keys = live.sort((a, b) => b.createdMs - a.createdMs)
    const gone = keys.filter((key) => !live.includes(key)).map(({ kid }) => keyOf.signing(kid))
    if (gone.length > 0) await store.commit({ remove: gone })
  }

  async #make(): Promise<void> {
    const { store, masterKey, clock, random } = this.#options
    const id = new Uint8Array(KID_BYTES)
    random.fill(id)
    const kid = toBase64Url(id)
    const pair = await generateKeyPair(SIGNING_ALGORITHM, { crv: 'Ed25519', extractable: true })
    const publicJwk = await exportJWK(pair.publicKey)
    const privateJwk = await exportJWK(pair.privateKey)
    const record: SigningRecord = {
      kid,
      publicKey: {
        ...(publicJwk as Record<string, string>),
        kid,
        alg: SIGNING_ALGORITHM,
        use: 'sig',
      },
      sealedKey: sealSecret(masterKey, JSON.stringify(privateJwk)),
      createdMs: clock.nowMs(),
    }
    // Of instances that find none in the same moment one makes it, and all sign with that one.
    const seat = await store.get(SEAT)
    const expect = [{ key: SEAT, revision: seat?.revision ?? 0n }]
    await this.#load()
    if (this.#keys.some((key) => this.#ageMs(key) < SIGN_MS)) return
    const put = [toPut(keyOf.signing(kid), record), toPut(SEAT, kid)]
    await store.commit({ expect, put })
    await this.#load()
  }

  #ageMs({ createdMs }: { readonly createdMs: number }): number {
    return this.#options.clock.nowMs() - createdMs
  }
}
