/** The points table over a million points: keys, wheel, jumps, filters, and opening a point. */
import { Vectron } from '@vectron/client'
import type { Page } from 'playwright-core'
import { settled } from '../console/open-console.ts'
import { heapBytes, putTimes, type Scenario, type Timing, timeOf } from './scenario.ts'

const POINTS = { small: 20_000, full: 1_000_000 } as const
const ROUNDS = { small: 5, full: 40 } as const
const DIMENSION = 4
const KINDS = ['noun', 'verb', 'adjective', 'adverb']

/** Every row in sight has its point. */
const rowsShown = () => () => {
  const grid = document.querySelector('[role=grid]')
  const frame = grid?.getBoundingClientRect()
  const rows = [...(grid?.querySelectorAll('[role=row][id]') ?? [])].filter((row) => {
    const { top, bottom } = row.getBoundingClientRect()
    return frame !== undefined && bottom > frame.top && top < frame.bottom
  })
  return rows.length > 0 && rows.every((row) => row.getAttribute('aria-busy') === null)
}

const matchesShown = () => () => {
  const isCounted = / match/.test(document.querySelector('[role=status]')?.textContent ?? '')
  const row = document.querySelector('[role=grid] [role=row][id]')
  return isCounted && row !== null && row.getAttribute('aria-busy') === null
}

const payloadShown = () => () =>
  document.querySelector('.cm-content')?.textContent.includes('name') === true

export const benchPoints: Scenario = async (opened, { size }) => {
  const { page } = opened
  const count = POINTS[size]
  const rounds = ROUNDS[size]
  await fill(new Vectron(opened.vectron), count)
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(`${opened.vectron.url}/collections/million/points`)
  await settled(page)
  const figures = new Map<string, number>([['points', count]])
  figures.set('heap_first_bytes', await heapBytes(page))
  const grid = page.getByRole('grid', { name: 'Points' })
  await grid.focus()
  const key = (name: string): Timing => ({
    event: 'keydown',
    isShown: rowsShown,
    act: () => page.keyboard.press(name),
  })
  const repeat = async (timing: Timing) => {
    const times: number[] = []
    for (let round = 0; round < rounds; round += 1) times.push(await timeOf(page, timing))
    return times
  }
  putTimes(figures, 'arrow', await repeat(key('ArrowDown')))
  putTimes(figures, 'page_down', await repeat(key('PageDown')))
  await grid.hover()
  const wheel = { event: 'wheel', isShown: rowsShown, act: () => page.mouse.wheel(0, 600) }
  putTimes(figures, 'wheel', await repeat(wheel))
  // The first way to the end walks through all ids; afterwards the way is known.
  figures.set('end_first', await timeOf(page, key('End')))
  putTimes(figures, 'jump', await jumps(page, rounds))
  figures.set('heap_after_bytes', await heapBytes(page))
  await grid.focus()
  await timeOf(page, key('Home'))
  putTimes(figures, 'open', await openings(page, rounds))
  putTimes(figures, 'filter', await filters(page, opened.vectron.url, Math.ceil(rounds / 4)))
  return figures
}

async function fill(vectron: Vectron, count: number): Promise<void> {
  await vectron.createCollection({ name: 'million', dimension: DIMENSION })
  const million = vectron.collection('million')
  for await (const _ of million.upsertAll(points(count), { batchSize: 5000 })) {
    // Each batch is there when it is acknowledged.
  }
}

function* points(count: number) {
  for (let index = 0; index < count; index += 1) {
    yield {
      id: `point-${String(index).padStart(7, '0')}`,
      vector: Float32Array.of(Math.sin(index), Math.cos(index), Math.sin(3 * index), 1),
      payload: { kind: KINDS[index % KINDS.length], size: index % 1000, name: `name ${index}` },
    }
  }
}

/** By the scrollbar, all over the table. */
async function jumps(page: Page, rounds: number): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const share = (round * 0.618) % 1
    const act = () =>
      page.evaluate((at) => {
        const grid = document.querySelector('[role=grid]')
        if (grid !== null) grid.scrollTop = at * grid.scrollHeight
      }, share)
    times.push(await timeOf(page, { event: 'scroll', isShown: rowsShown, act }))
  }
  return times
}

/** Enter on one row after the other, until the payload stands in the editor. */
async function openings(page: Page, rounds: number): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    await page.keyboard.press('ArrowDown')
    const act = () => page.keyboard.press('Enter')
    times.push(await timeOf(page, { event: 'keydown', isShown: payloadShown, act }))
    await page.locator('.cm-content').waitFor()
    await page.getByRole('button', { name: 'Close', exact: true }).click()
  }
  return times
}

/** From the click to the count and the first rows. */
async function filters(page: Page, url: string, rounds: number): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    await page.goto(`${url}/collections/million/points`)
    await settled(page)
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    await page.getByRole('combobox', { name: 'Field' }).fill('size')
    await page.keyboard.press('Escape')
    await page.getByRole('combobox', { name: 'Value' }).fill(String(round * 7))
    await page.keyboard.press('Escape')
    const act = () => page.getByRole('button', { name: 'Apply filter' }).click()
    times.push(await timeOf(page, { event: 'pointerdown', isShown: matchesShown, act }))
  }
  return times
}
