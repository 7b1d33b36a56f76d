/**
 * A whole screen that is drawn again in place.
 *
 * Each picture is one write that overwrites line by line and clears what is left, between marks by
 * which a terminal shows it at once: nothing flickers. Long lines are cut, not wrapped. The screen
 * before comes back at the end.
 */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_LINE_END = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'
const BEGIN_UPDATE = '\x1b[?2026h'
const END_UPDATE = '\x1b[?2026l'
const ROWS_DEFAULT = 24

export class Screen {
  readonly #out = process.stdout

  constructor() {
    this.#out.write(ENTER)
  }

  get rows(): number {
    return this.#out.rows ?? ROWS_DEFAULT
  }

  show(lines: readonly string[]): void {
    const shown = lines.slice(0, this.rows).map((line) => line + CLEAR_LINE_END)
    this.#out.write(BEGIN_UPDATE + HOME + shown.join('\r\n') + CLEAR_BELOW + END_UPDATE)
  }

  close(): void {
    this.#out.write(LEAVE)
  }
}
