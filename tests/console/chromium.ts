/** A real Chromium: Debian's, or another that the machine has. One for each file of tests. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** @param flags further ones of the command line */
export function launchChromium(flags: readonly string[] = []): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? PLACES.find((place) => existsSync(place))
  if (executablePath === undefined) {
    throw new Error('There is no Chromium here: apt-get install chromium, or set CHROMIUM.')
  }
  // Nobody but these tests' own pages runs in it, and root cannot have the sandbox.
  const own = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath, args: [...own, ...flags] })
}
