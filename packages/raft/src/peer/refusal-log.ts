/**
 * Log lines of what is refused, each text once a minute: a stranger that dials again and again, or
 * a peer that stays away, must not fill the log.
 */
import type { Clock, Logger } from '@vectron/base'

const REPEAT_US = 60_000_000
/** Texts remembered; beyond it all are forgotten, and may be written again. */
const TEXTS_MAX = 1000

export class RefusalLog {
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #writtenUs = new Map<string, number>()

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger
    this.#clock = clock
  }

  write(text: string, fields: Readonly<Record<string, string>>): void {
    const nowUs = this.#clock.monotonicUs()
    const key = `${text} ${Object.values(fields).join(' ')}`
    const lastUs = this.#writtenUs.get(key)
    if (lastUs !== undefined && nowUs - lastUs < REPEAT_US) return
    if (this.#writtenUs.size >= TEXTS_MAX) this.#writtenUs.clear()
    this.#writtenUs.set(key, nowUs)
    this.#logger.warn(fields, text)
  }
}
