/**
 * Certificates of the cluster under test: its nodes are on hosts of their own, so they know each
 * other as nodes of any cluster on several machines do.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { NodeRole } from '@vectron/base'
import { createAuthority, issueCertificate, type KeyedCertificate } from '@vectron/process'
import type { GrpcTls } from '@vectron/rpc'

/** Clocks of the run jump by less. */
const DAYS = 365

/** Settings of `tls`. */
export interface TlsSettings {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

export class ChaosCertificates {
  readonly #folder: string
  readonly #authority: KeyedCertificate

  private constructor(folder: string, authority: KeyedCertificate) {
    this.#folder = folder
    this.#authority = authority
  }

  static async create(folder: string): Promise<ChaosCertificates> {
    mkdirSync(folder, { recursive: true })
    const request = { name: 'chaos', days: DAYS, nowMs: Date.now() }
    return new ChaosCertificates(folder, await createAuthority(request))
  }

  async issue(role: NodeRole, name: string): Promise<TlsSettings> {
    const made = await this.#make(role, name)
    const files = Object.entries({ ...made, ca: this.#authority.cert }).map(([kind, text]) => {
      const file = path.join(this.#folder, `${name}-${kind}.pem`)
      writeFileSync(file, text)
      return [kind, file]
    })
    return Object.fromEntries(files)
  }

  /** Of the run itself, which looks into workers as a gateway does. */
  async own(): Promise<GrpcTls> {
    const made = await this.#make('gateway', 'chaos')
    return { pem: { ...made, ca: this.#authority.cert }, onChanged: () => {} }
  }

  #make(role: NodeRole, name: string): Promise<KeyedCertificate> {
    const request = { role, name, hosts: [], days: DAYS, nowMs: Date.now() }
    return issueCertificate(this.#authority, request)
  }
}
