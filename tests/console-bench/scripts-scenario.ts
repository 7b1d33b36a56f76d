/** How much compressed script each page loads, alone and at first, by the browser's own account. */
import { PAGES } from '@vectron/console-service/pages'
import { writeExampleData } from '../console/example-data.ts'
import { settled } from '../console/open-console.ts'
import type { Scenario } from './scenario.ts'

export const benchScripts: Scenario = async (opened) => {
  const { page, vectron } = opened
  await writeExampleData(vectron)
  const figures = new Map<string, number>()
  for (const route of PAGES) {
    const path = route.options.staticData?.page?.example
    if (path === undefined) continue
    await page.goto(vectron.url + path)
    await settled(page)
    figures.set(`${nameOf(path)}.bytes`, await page.evaluate(scriptBytes))
  }
  return figures
}

/** `/access/keys/new` is `access.keys.new`. */
function nameOf(path: string): string {
  return path.slice(1).replace(/\?.*/, '').replaceAll('/', '.') || 'home'
}

/** Runs in the page. As they are sent, whether or not the browser had them. */
function scriptBytes(): number {
  return performance
    .getEntriesByType('resource')
    .filter(({ name }) => new URL(name).pathname.endsWith('.js'))
    .reduce((sum, entry) => sum + (entry as PerformanceResourceTiming).encodedBodySize, 0)
}
