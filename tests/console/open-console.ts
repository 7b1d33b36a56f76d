/**
 * The console as people meet it: the product as a process, a real Chromium, signed in by the link.
 *
 * Whatever the browser complains about fails the test that asks `check`: errors on its console,
 * exceptions, breaches of the content security policy, requests to any other host.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type HttpAnswer, type ServerAddress, VectronProcess } from '@vectron/testkit'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { startConsoleCluster } from './console-cluster.ts'

export interface OpenedConsole extends OpenedBrowser {
  readonly vectron: ConsoleServer
}

/** What the console is of: one process, or a cluster. */
export interface ConsoleServer extends ServerAddress {
  /** Address of the console; signs the owner in, once. */
  readonly console: string
  request(method: string, route: string, body?: unknown): Promise<HttpAnswer>
  stop(): Promise<unknown>
}

export interface OpenedBrowser {
  readonly browser: Browser
  /** Of the owner, signed in. */
  readonly page: Page
  /** A window of somebody who is not signed in. */
  openStranger(): Promise<WatchedPage>
  /** @throws AssertionError naming what the browser complained about since the last time */
  check(): void
  close(): Promise<void>
}

export interface WatchedPage {
  readonly page: Page
  /** Takes and forgets the complaints so far. */
  takeComplaints(): string[]
}

export interface ConsoleOptions {
  readonly colorScheme?: 'light' | 'dark'
  /** Of a cluster of three workers, or (the default) of a single process. */
  readonly of?: 'cluster' | 'process'
}

export async function openConsole(options: ConsoleOptions = {}): Promise<OpenedConsole> {
  const data = mkdtempSync(path.join(tmpdir(), 'vectron-console-'))
  const vectron: ConsoleServer =
    options.of === 'cluster'
      ? await startConsoleCluster(data)
      : await VectronProcess.start({ data })
  const opened = await openBrowser(vectron, options)
  return {
    ...opened,
    vectron,
    async close() {
      await opened.close()
      await vectron.stop()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

/** A browser at the console of what runs already. */
export async function openBrowser(
  { url, console: link }: Pick<ConsoleServer, 'url' | 'console'>,
  { colorScheme = 'light' }: ConsoleOptions = {},
): Promise<OpenedBrowser> {
  const browser = await launchChromium()
  const { origin } = new URL(url)
  const open = async () => watch(await browser.newContext({ colorScheme }), origin)
  const owner = await open()
  await owner.page.goto(link)
  await owner.page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
  return {
    browser,
    page: owner.page,
    openStranger: open,
    check: () => assert.deepEqual(owner.takeComplaints(), []),
    close: () => browser.close(),
  }
}

/** Milliseconds that a page has for whatever a test waits for: all processes share few cores. */
const TIMEOUT_MS = 60_000

async function watch(context: BrowserContext, origin: string): Promise<WatchedPage> {
  context.setDefaultTimeout(TIMEOUT_MS)
  await context.addInitScript(tellBreaches)
  const page = await context.newPage()
  let complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`))
  page.on('request', (request) => {
    const url = new URL(request.url())
    const isOwn = url.origin === origin || url.protocol === 'data:' || url.protocol === 'blob:'
    if (!isOwn) complaints.push(`request to ${url.host}`)
  })
  return {
    page,
    takeComplaints: () => {
      const taken = complaints
      complaints = []
      return taken
    },
  }
}

/** Runs in the page: the browser's own words for a breach leave out which script did it. */
function tellBreaches(): void {
  document.addEventListener('securitypolicyviolation', (breach) => {
    const { effectiveDirective, blockedURI, sourceFile, lineNumber, sample } = breach
    console.error(
      `policy: ${effectiveDirective} ${blockedURI} ${sourceFile}:${lineNumber} ${sample}`,
    )
  })
}

/** The page is there with all its data: nothing says that it is still on its way. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor()
  await page.waitForFunction(() => document.querySelector('[aria-busy=true]') === null)
}
