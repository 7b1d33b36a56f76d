/**
 * The wall clock of one process, set while it runs: Debian's libfaketime, which reads how far ahead
 * the clock is from a file. The monotonic clock stays true, as it does on a real machine whose
 * clock is set.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const LIBRARIES = '/usr/lib'
const LIBRARY = 'faketime/libfaketimeMT.so.1'

export class FakeClock {
  readonly #library: string
  readonly #file: string

  private constructor(library: string, file: string) {
    this.#library = library
    this.#file = file
    this.set(0)
  }

  /** undefined where the library is not installed. */
  static create(folder: string): FakeClock | undefined {
    const library = findLibrary()
    if (library === undefined) return undefined
    return new FakeClock(library, path.join(folder, 'clock-offset'))
  }

  /** What the process needs in its environment. */
  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_CACHE_DURATION: '1',
      NO_FAKE_STAT: '1',
    }
  }

  /** Sets the clock so many seconds ahead of true time; noticed within a second. */
  set(aheadSeconds: number): void {
    writeFileSync(this.#file, `${aheadSeconds < 0 ? '' : '+'}${aheadSeconds}\n`)
  }
}

function findLibrary(): string | undefined {
  if (!existsSync(LIBRARIES)) return undefined
  return readdirSync(LIBRARIES)
    .map((folder) => path.join(LIBRARIES, folder, LIBRARY))
    .find(existsSync)
}
