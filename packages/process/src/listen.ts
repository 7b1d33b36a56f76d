/** Turns a port that cannot be had into an error that names the setting to change. */
import { isVectronError, VectronError } from '@vectron/base'

/** The settings by which an address is chosen. */
export interface ListenSettings {
  /** `grpc.port` */
  readonly setting: string
  readonly host: string
  readonly port: number
}

/** @throws VectronError CONFLICT: the port is taken; INVALID_ARGUMENT: it may not be used */
export async function listening<T>(where: ListenSettings, start: () => Promise<T>): Promise<T> {
  try {
    return await start()
  } catch (error) {
    throw explainListen(where, error)
  }
}

export function explainListen({ setting, host, port }: ListenSettings, error: unknown): unknown {
  const code = systemCode(error)
  const section = setting.split('.')[0]
  switch (code) {
    case 'EADDRINUSE': {
      const message =
        `Port ${port} of ${host} is in use by another process. Choose another: ${setting} in the ` +
        `settings, or 0 for any free one.`
      return new VectronError('CONFLICT', message, { subject: setting, cause: error })
    }
    case 'EACCES': {
      const message = `Port ${port} may not be used by this user. Choose another: ${setting}.`
      return new VectronError('INVALID_ARGUMENT', message, { field: setting, cause: error })
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN': {
      const message = `${host} is no address of this machine. Correct ${section}.host.`
      return new VectronError('INVALID_ARGUMENT', message, {
        field: `${section}.host`,
        cause: error,
      })
    }
    default:
      return isVectronError(error) ? error : new VectronError('UNAVAILABLE', String(error))
  }
}

/** The system's own code at the bottom of a chain of causes. */
function systemCode(error: unknown): string | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    if ('code' in one && typeof one.code === 'string') return one.code
  }
  return undefined
}
