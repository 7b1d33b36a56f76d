/**
 * Structured logs: one JSON object a line on standard error, by pino.
 *
 * Invariant: no API key reaches a log. Fields that hold one are redacted by name, and text that
 * looks like one is masked wherever it stands in a message.
 */
import { destination, type LevelWithSilent, type Logger as PinoLogger, pino } from 'pino'

export type Logger = PinoLogger
export type LogLevel = LevelWithSilent

export interface LoggerOptions {
  /** Name of the process or part, in each line. */
  readonly name: string
  /** Least level written. Default `info`. */
  readonly level?: LogLevel
  /** Where lines go. Default: standard error, written at once. */
  readonly write?: (line: string) => void
}

const SECRET_FIELDS = ['apiKey', 'api_key', 'key', 'authorization', 'x-api-key', 'password']
const KEY_PATTERN = /\bvk_([a-z0-9]+)_[A-Za-z0-9_]{8,}/g

/** A logger; `logger.child({ shard })` makes one that repeats fields. */
export function createLogger(options: LoggerOptions): Logger {
  const write = options.write
  const stream = write === undefined ? destination({ dest: 2, sync: true }) : { write }
  return pino(
    {
      name: options.name,
      level: options.level ?? 'info',
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [`["${field}"]`, `*["${field}"]`]),
        censor: '[redacted]',
      },
      hooks: {
        logMethod(args, method) {
          const masked = args.map((arg) => (typeof arg === 'string' ? maskKeys(arg) : arg))
          method.apply(this, masked as typeof args)
        },
      },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  )
}

/** Text with every API key in it replaced by its harmless beginning. */
export function maskKeys(text: string): string {
  return text.replace(KEY_PATTERN, 'vk_$1_[redacted]')
}
