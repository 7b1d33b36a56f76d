/** The map of very many points: moved, zoomed, hovered, and selected with a lasso. */
import { Vectron } from '@vectron/client'
import type { Page } from 'playwright-core'
import { writeManyPoints } from '../console/many-points.ts'
import { settled } from '../console/open-console.ts'
import { heapBytes, putTimes, type Scenario, type Timing, timeOf } from './scenario.ts'

const POINTS = { small: 20_000, full: 100_000 } as const
const ROUNDS = { small: 5, full: 60 } as const
const NAME = 'very-many'
/** Lies somewhere on the map, and moves with it. */
const PIN = 'p-000001'

/**
 * The pin has moved with the points, and they are drawn: a pixel read back is one that the graphics
 * card, or whatever stands in for it, is done with.
 */
const viewMoved = () => {
  const place = () => document.querySelector<HTMLElement>('[data-plot] [data-pin]')?.style.transform
  const before = place()
  return () => {
    if (place() === before) return false
    const gl = document.querySelector<HTMLCanvasElement>('[data-plot] canvas')?.getContext('webgl2')
    gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4))
    return true
  }
}

/** The card of another point than before, with its payload. */
const otherHovered = () => {
  const card = () => document.querySelector<HTMLElement>('[data-hovered]')
  const before = card()?.dataset['hovered']
  return () => {
    const now = card()
    return now !== null && now.dataset['hovered'] !== before && now.querySelector('dd') !== null
  }
}

/** As many are said to be selected as a lasso has, which is another number than before. */
const otherSelected = () => {
  const heading = () =>
    [...document.querySelectorAll('h2')].find((one) => / selected$/.test(one.textContent ?? ''))
      ?.textContent
  const before = heading()
  return () => heading() !== undefined && heading() !== before
}

export const benchMap: Scenario = async (opened, { size }) => {
  const { page } = opened
  const count = POINTS[size]
  const rounds = ROUNDS[size]
  await writeManyPoints(new Vectron(opened.vectron), { name: NAME, count })
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(`${opened.vectron.url}/map?collection=${NAME}&color=heap&pin=${PIN}`)
  await page.locator('[data-plot=webgl] [data-pin]').waitFor({ state: 'attached' })
  await settled(page)
  const figures = new Map<string, number>([['points', count]])
  figures.set('open', await page.evaluate(() => performance.now()))
  figures.set('heap_first_bytes', await heapBytes(page))
  const box = await page.locator('[data-plot]').boundingBox()
  if (box === null) throw new Error('There is no map.')
  const spot: SpotOf = (across, down) => [box.x + across * box.width, box.y + down * box.height]
  const driven = { page, rounds, spot }
  putTimes(figures, 'pan', await pans(driven))
  putTimes(figures, 'zoom', await zooms(driven))
  await page.getByRole('button', { name: 'Show all' }).click()
  putTimes(figures, 'hover', await hovers(driven))
  putTimes(figures, 'lasso', await lassos(driven))
  figures.set('heap_after_bytes', await heapBytes(page))
  return figures
}

/** By shares of the map's width and height. */
type SpotOf = (across: number, down: number) => [number, number]

interface Driven {
  readonly page: Page
  readonly rounds: number
  readonly spot: SpotOf
}

async function repeat(
  { page, rounds }: Driven,
  timing: (round: number) => Timing | Promise<Timing>,
): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1)
    times.push(await timeOf(page, await timing(round)))
  return times
}

/** The hand goes there and back, the button held. */
async function pans(driven: Driven): Promise<number[]> {
  const { page, spot } = driven
  await page.mouse.move(...spot(0.4, 0.5))
  await page.mouse.down()
  const times = await repeat(driven, (round) => ({
    event: 'pointermove',
    isShown: viewMoved,
    act: () => page.mouse.move(...spot(round % 2 === 0 ? 0.5 : 0.4, 0.5 + (round % 5) / 40)),
  }))
  await page.mouse.up()
  return times
}

/** In five notches of the wheel, out five. */
async function zooms(driven: Driven): Promise<number[]> {
  const { page, spot } = driven
  await page.mouse.move(...spot(0.3, 0.4))
  return repeat(driven, (round) => ({
    event: 'wheel',
    isShown: viewMoved,
    act: () => page.mouse.wheel(0, round % 10 < 5 ? -120 : 120),
  }))
}

/** Onto one point after the other, all over the map. */
function hovers(driven: Driven): Promise<number[]> {
  const { page, spot } = driven
  return repeat(driven, (round) => {
    const across = 0.3 + 0.4 * ((round * 0.618) % 1)
    const down = 0.3 + 0.4 * ((round * 0.414) % 1)
    const act = () => page.mouse.move(...spot(across, down))
    return { event: 'pointermove', isShown: otherHovered, act }
  })
}

/** From letting go to the number of what is within; each line is another one. */
async function lassos(driven: Driven): Promise<number[]> {
  const { page, spot } = driven
  await page.getByRole('button', { name: 'Select with a lasso' }).click()
  return repeat(driven, async (round) => {
    const wide = 0.1 + 0.2 * ((round * 0.618) % 1)
    await page.mouse.move(...spot(0.5 - wide, 0.5 - wide))
    await page.mouse.down()
    for (const [across, down] of [
      [0.5 + wide, 0.5 - wide],
      [0.5 + wide, 0.5 + wide],
      [0.5 - wide, 0.5 + wide],
    ] as const) {
      await page.mouse.move(...spot(across, down), { steps: 10 })
    }
    return { event: 'pointerup', isShown: otherSelected, act: () => page.mouse.up() }
  })
}
