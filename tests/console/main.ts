/**
 * Pictures of every page, for people who mend how it looks: `npm run console:shots -- [part ...]`,
 * of those whose paths have such a part.
 *
 * Each page of the list in light, dark and at 390 px, with the demo data, into
 * services/console/shots (not kept by git). `--docs` takes the few of docs/console instead.
 */
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Vectron } from '@vectron/client'
import { OUTER_PAGES, PAGES } from '@vectron/console-service/pages'
import type { Browser, BrowserContext } from 'playwright-core'
import { loadDemo } from './load-demo.ts'
import { openConsole, settled } from './open-console.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const FOLDER = path.join(ROOT, 'services/console/shots')
const DOCS_FOLDER = path.join(ROOT, 'docs/console')

interface Look {
  readonly name: string
  readonly colorScheme: 'light' | 'dark'
  readonly viewport: { readonly width: number; readonly height: number }
}

const LOOKS: readonly Look[] = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1280, height: 860 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 860 } },
  { name: 'narrow', colorScheme: 'light', viewport: { width: 390, height: 844 } },
]

interface DocsPicture {
  readonly look: Look
  readonly at: string
  /** Selector of what stands at the top of the picture. */
  readonly from?: string
}

/** In docs/console; each small enough for a repository. */
const DOCS: readonly DocsPicture[] = [
  {
    look: { name: 'points', colorScheme: 'light', viewport: { width: 1280, height: 720 } },
    at: '/collections/dictionary/points?point=n02086723',
  },
  {
    look: { name: 'search-lab', colorScheme: 'light', viewport: { width: 1200, height: 620 } },
    at: searchLab(),
    from: '[role=tablist]',
  },
  {
    look: { name: 'map', colorScheme: 'dark', viewport: { width: 900, height: 372 } },
    at: '/map?collection=dictionary&color=pos&pin=a young dog',
    from: '[data-plot]',
  },
  {
    look: { name: 'collection', colorScheme: 'dark', viewport: { width: 1200, height: 720 } },
    at: '/collections/dictionary',
  },
]

/** Two ways of the demo side by side: by meaning alone, and with words that count more. */
function searchLab(): string {
  const rules = [{ kind: 'termMatch', fields: ['definition'], query: 'dog', boost: 0.5 }]
  const b = { rerank: { strategy: 'rules', parameters: { rules } } }
  const asked = { collection: 'dictionary', q: 'a young dog', b: JSON.stringify(b) }
  return `/search?${new URLSearchParams(asked)}`
}

/** So that live figures have something to show. */
const WARM_UP_MS = 4000
/** The map loads all of the demo, on a machine that searches meanwhile. */
const TIMEOUT_MS = 180_000

interface Shot {
  readonly path: string
  readonly outer: boolean
  readonly file: string
  readonly from?: string | undefined
}

interface Taking {
  readonly look: Look
  readonly shots: readonly Shot[]
  readonly isWhole: boolean
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { docs: { type: 'boolean', default: false } },
  })
  const takings = values.docs
    ? docsTakings()
    : pageTakings(positionals.length > 0 ? positionals : [''])
  const folder = values.docs ? DOCS_FOLDER : FOLDER
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const opened = await openConsole({ of: 'cluster' })
  const load = new AbortController()
  try {
    await loadDemo(opened.vectron)
    searchOn(new Vectron(opened.vectron), load.signal)
    const state = await opened.page.context().storageState()
    const camera = { browser: opened.browser, state, url: opened.vectron.url, folder }
    for (const taking of takings) await takeAll(camera, taking)
  } finally {
    load.abort()
    await opened.close()
  }
}

function pageTakings(parts: readonly string[]): Taking[] {
  return LOOKS.map((look) => {
    const all = [...listShots(PAGES, look, false), ...listShots(OUTER_PAGES, look, true)]
    const shots = all.filter((shot) => parts.some((part) => shot.path.includes(part)))
    return { look, shots, isWhole: true }
  })
}

function listShots(
  routes: typeof PAGES | typeof OUTER_PAGES,
  { name }: Look,
  outer: boolean,
): Shot[] {
  return routes.flatMap((route) => {
    const example = route.options.staticData?.page?.example
    if (example === undefined) return []
    const page = example.replaceAll(/[^\w.]+/g, '-').replace(/^-/, '') || 'home'
    const file = `${page}-${name}.png`
    return [{ path: example, outer, file }]
  })
}

function docsTakings(): Taking[] {
  return DOCS.map(({ look, at, from }) => ({
    look,
    shots: [{ path: at, outer: false, file: `${look.name}.png`, from }],
    isWhole: false,
  }))
}

interface Camera {
  readonly browser: Browser
  readonly state: Awaited<ReturnType<BrowserContext['storageState']>>
  readonly url: string
  readonly folder: string
}

async function takeAll(camera: Camera, { look, shots, isWhole }: Taking): Promise<void> {
  const { browser, state, url, folder } = camera
  const { colorScheme, viewport } = look
  const known = await browser.newContext({ colorScheme, viewport, storageState: state })
  const strange = await browser.newContext({ colorScheme, viewport })
  for (const context of [known, strange]) context.setDefaultTimeout(TIMEOUT_MS)
  for (const shot of shots) {
    const page = await (shot.outer ? strange : known).newPage()
    await page.goto(url + shot.path)
    await settled(page)
    await page.waitForTimeout(WARM_UP_MS)
    if (shot.from !== undefined) {
      await page
        .locator(shot.from)
        .first()
        .evaluate((element) => element.scrollIntoView())
    }
    const file = path.join(folder, shot.file)
    await page.screenshot({ path: file, fullPage: isWhole })
    process.stdout.write(`${path.relative(ROOT, file)}\n`)
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

await main()
