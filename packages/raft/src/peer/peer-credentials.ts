/**
 * The certificate, key and authority of a node for TLS between hosts, read from files and read
 * again now and then, so that they can be replaced without a restart.
 *
 * New connections use what was read last; those that are open stay as they are. Files that cannot
 * be used leave the earlier ones in place.
 */
import { createSecureContext, type SecureContext } from 'node:tls'
import { type CancelTimer, type Clock, type Disk, type Logger, VectronError } from '@vectron/base'

/** Paths of PEM files. */
export interface TlsFiles {
  /** The node's certificate, and those between it and the authority. */
  readonly cert: string
  readonly key: string
  /** The cluster's authority: only nodes with a certificate of it are let in. */
  readonly ca: string
}

/** What the files hold. */
export interface TlsPem {
  readonly cert: string
  readonly key: string
  readonly ca: string
  readonly minVersion: 'TLSv1.3'
}

export interface PeerCredentialsOptions {
  readonly files: TlsFiles
  readonly disk: Disk
  readonly clock: Clock
  readonly logger: Logger
  /** Milliseconds between looks at the files. */
  readonly lookEveryMs: number
  readonly onChanged: () => void
}

export class PeerCredentials {
  readonly #options: PeerCredentialsOptions
  #pem: TlsPem
  #context: SecureContext
  #cancelLook: CancelTimer

  /** @throws VectronError INVALID_ARGUMENT naming the file that cannot be used */
  static async open(options: PeerCredentialsOptions): Promise<PeerCredentials> {
    const pem = await readPem(options)
    return new PeerCredentials(options, pem, createContext(options.files, pem))
  }

  private constructor(options: PeerCredentialsOptions, pem: TlsPem, context: SecureContext) {
    this.#options = options
    this.#pem = pem
    this.#context = context
    this.#cancelLook = this.#scheduleLook()
  }

  /** For a dial, from now on. */
  get context(): SecureContext {
    return this.#context
  }

  /** For a server, from now on. */
  get pem(): TlsPem {
    return this.#pem
  }

  /** Reads the files again. */
  async reload(): Promise<void> {
    const { files, logger, onChanged } = this.#options
    try {
      const pem = await readPem(this.#options)
      if (JSON.stringify(pem) === JSON.stringify(this.#pem)) return
      this.#context = createContext(files, pem)
      this.#pem = pem
      logger.info({ files }, 'certificates read again')
      onChanged()
    } catch (error) {
      logger.error({ err: error }, 'certificates cannot be read again; the earlier ones stay')
    }
  }

  close(): void {
    this.#cancelLook()
  }

  #scheduleLook(): CancelTimer {
    const { clock, lookEveryMs } = this.#options
    return clock.setTimer(lookEveryMs, () => {
      this.#cancelLook = this.#scheduleLook()
      void this.reload()
    })
  }
}

async function readPem({ files, disk }: PeerCredentialsOptions): Promise<TlsPem> {
  const read = async (path: string) => {
    const bytes = await disk.read(path)
    if (bytes !== undefined) return Buffer.from(bytes).toString()
    throw new VectronError('INVALID_ARGUMENT', `The file ${path} does not exist.`, {
      subject: path,
    })
  }
  const [cert, key, ca] = await Promise.all([read(files.cert), read(files.key), read(files.ca)])
  return { cert, key, ca, minVersion: 'TLSv1.3' }
}

function createContext(files: TlsFiles, pem: TlsPem): SecureContext {
  try {
    return createSecureContext(pem)
  } catch (cause) {
    const names = `${files.cert}, ${files.key} and ${files.ca}`
    throw new VectronError('INVALID_ARGUMENT', `${names} cannot be used for TLS: ${cause}`, {
      cause,
    })
  }
}
