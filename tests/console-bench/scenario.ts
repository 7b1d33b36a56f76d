/** What a scenario gets and gives, and the clock of the browser that all of them use. */
import type { Page } from 'playwright-core'
import type { OpenedConsole } from '../console/open-console.ts'

export interface ScenarioOptions {
  readonly size: 'small' | 'full'
}

/** Drives the console and answers its figures: milliseconds unless the name says otherwise. */
export type Scenario = (
  opened: OpenedConsole,
  options: ScenarioOptions,
) => Promise<ReadonlyMap<string, number>>

export interface Timing {
  /** The input that starts the clock. */
  readonly event: string
  /**
   * Gives, in the page, what is true in the frame in which it is shown. Twice a function, because
   * the policy of the page lets no text become code.
   */
  readonly isShown: () => () => boolean
  readonly act: () => Promise<unknown>
}

const SHOWN_MS_MAX = 120_000

/** Milliseconds from the input to the frame after that in which it is shown. */
export async function timeOf(page: Page, { event, isShown, act }: Timing): Promise<number> {
  const check = await page.evaluateHandle(isShown)
  const timed = await page.evaluateHandle(startClock, { event, check, mostMs: SHOWN_MS_MAX })
  await act()
  return page.evaluate(({ result }) => result, timed)
}

interface Clock {
  readonly event: string
  readonly check: () => boolean
  readonly mostMs: number
}

/** Runs in the page. The promise is wrapped, because a handle of a bare one would wait for it. */
function startClock({ event, check, mostMs }: Clock): { readonly result: Promise<number> } {
  const result = new Promise<number>((resolve, reject) => {
    const start = (input: Event) => {
      const began = input.timeStamp
      const look = () => {
        // Told of the size it has in this very frame, after all that draws and before it is shown.
        const end = new ResizeObserver(() => {
          end.disconnect()
          const now = performance.now()
          if (check()) requestAnimationFrame(() => resolve(performance.now() - began))
          else if (now - began > mostMs) reject(new Error(`${event}: nothing was shown`))
          else requestAnimationFrame(look)
        })
        end.observe(document.documentElement)
      }
      requestAnimationFrame(look)
    }
    addEventListener(event, start, { capture: true, once: true })
  })
  return { result }
}

/** @param share of 1: .95 for p95 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

export function putTimes(
  figures: Map<string, number>,
  name: string,
  values: readonly number[],
): void {
  figures.set(`${name}.p50`, quantile(values, 0.5))
  figures.set(`${name}.p95`, quantile(values, 0.95))
}

/** Bytes of JavaScript objects that are in use, after garbage was collected. */
export async function heapBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  await session.send('Performance.enable')
  const { metrics } = await session.send('Performance.getMetrics')
  await session.detach()
  return metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN
}
