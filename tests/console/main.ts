/**
 * Pictures of every page, for people who mend how it looks: `npm run console:shots [path part]...`.
 *
 * Each page of the list in light, dark and at 390 px, with the demo data, into
 * services/console/shots (not kept by git).
 */
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { Vectron } from '@vectron/client'
import { OUTER_PAGES, PAGES } from '@vectron/console-service/pages'
import type { Browser, BrowserContext } from 'playwright-core'
import { loadDemo } from './load-demo.ts'
import { openConsole, settled } from './open-console.ts'

const FOLDER = path.resolve(import.meta.dirname, '../../services/console/shots')
const LOOKS = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1280, height: 860 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 860 } },
  { name: 'narrow', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const
/** So that live figures have something to show. */
const WARM_UP_MS = 4000

interface Shot {
  readonly path: string
  readonly outer: boolean
}

async function main(parts: readonly string[]): Promise<void> {
  const shots = [...listShots(PAGES, false), ...listShots(OUTER_PAGES, true)].filter((shot) =>
    parts.some((part) => shot.path.includes(part)),
  )
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  const opened = await openConsole()
  const load = new AbortController()
  try {
    await loadDemo(opened.vectron)
    searchOn(new Vectron(opened.vectron), load.signal)
    const state = await opened.page.context().storageState()
    for (const look of LOOKS) {
      await takeAll(opened.browser, { look, state, shots, url: opened.vectron.url })
    }
  } finally {
    load.abort()
    await opened.close()
  }
}

function listShots(routes: typeof PAGES | typeof OUTER_PAGES, outer: boolean): Shot[] {
  return routes.flatMap((route) => {
    const example = route.options.staticData?.page?.example
    return example === undefined ? [] : [{ path: example, outer }]
  })
}

interface Taking {
  readonly look: (typeof LOOKS)[number]
  readonly state: Awaited<ReturnType<BrowserContext['storageState']>>
  readonly shots: readonly Shot[]
  readonly url: string
}

async function takeAll(browser: Browser, { look, state, shots, url }: Taking): Promise<void> {
  const { colorScheme, viewport, name } = look
  const known = await browser.newContext({ colorScheme, viewport, storageState: state })
  const strange = await browser.newContext({ colorScheme, viewport })
  for (const shot of shots) {
    const page = await (shot.outer ? strange : known).newPage()
    await page.goto(url + shot.path)
    await settled(page)
    await page.waitForTimeout(WARM_UP_MS)
    const file = `${shot.path.replaceAll('/', '-').replace(/^-/, '') || 'home'}-${name}.png`
    await page.screenshot({ path: path.join(FOLDER, file), fullPage: true })
    process.stdout.write(`services/console/shots/${file}\n`)
    await page.close()
  }
  // The cookie was renewed by each page; the next look goes on with the last one.
  Object.assign(state, await known.storageState())
  await Promise.all([known.close(), strange.close()])
}

/** A few searches a second, until told to stop. */
async function searchOn(vectron: Vectron, signal: AbortSignal): Promise<void> {
  const words = ['a young dog', 'to be brave', 'deep water', 'a loud noise']
  for (let turn = 0; !signal.aborted; turn += 1) {
    const text = words[turn % words.length] ?? ''
    await vectron
      .collection('dictionary')
      .search({ text, cache: false })
      .catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 60 + 50 * Math.sin(turn / 20)))
  }
}

const parts = process.argv.slice(2)
await main(parts.length === 0 ? [''] : parts)
