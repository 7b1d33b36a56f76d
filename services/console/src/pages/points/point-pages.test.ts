/** Rows by number over an API that goes forward by tokens alone: few requests, few points kept. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnyPoint, PAGE_ROWS, type PageRequest, PointPages } from './point-pages.ts'

/** A collection of so many points, which counts what is asked of it. */
function collection(count: number) {
  const ids = Array.from({ length: count }, (_, index) => `p${index}`)
  const requests: PageRequest[] = []
  const source = async (request: PageRequest) => {
    requests.push(request)
    const after = request.pageToken === '' ? -1 : ids.indexOf(request.pageToken)
    const shown = ids.slice(after + 1, after + 1 + request.pageSize)
    const last = shown.at(-1)
    const isLast = last === undefined || last === ids.at(-1)
    const points: AnyPoint[] = shown.map((id) => ({ id, payload: {} }))
    return { points, nextPageToken: isLast ? '' : last }
  }
  return { ids, requests, source }
}

async function shown(pages: PointPages, first: number, last = first): Promise<void> {
  pages.want(first, last)
  while (pages.row(first) === undefined || pages.row(last) === undefined) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('a jump walks by ids alone, and the way is known afterwards', async () => {
  const { requests, source } = collection(35_000)
  const pages = new PointPages(source)
  await shown(pages, 0, 150)
  assert.equal(requests.length, 2)
  await shown(pages, 34_999)
  assert.equal(pages.row(34_999)?.id, 'p34999')
  const walked = requests.slice(2)
  assert.equal(walked.length, 5)
  assert.deepEqual(
    walked.map(({ withPayload }) => withPayload),
    [false, false, false, false, true],
  )
  await shown(pages, 20_250)
  // From the 20,200th row, which the walk had passed within a step of 10,000.
  assert.ok(requests.length - 7 <= 2)
  assert.equal(pages.row(20_250)?.id, 'p20250')
})

test('however many rows were seen, few are kept', async () => {
  const { source } = collection(10_000)
  const pages = new PointPages(source)
  for (let row = 0; row < 10_000; row += PAGE_ROWS) await shown(pages, row)
  let kept = 0
  for (let row = 0; row < 10_000; row += 1) kept += Number(pages.row(row) !== undefined)
  assert.ok(kept <= 2400, `${kept} rows are kept`)
})

test('behind a deleted point the rows move up', async () => {
  const { ids, source } = collection(1000)
  const pages = new PointPages(source)
  await shown(pages, 0, 299)
  ids.splice(ids.indexOf('p50'), 1)
  pages.removed('p50')
  await shown(pages, 0, 299)
  for (const [row, id] of [
    [49, 'p49'],
    [50, 'p51'],
    [99, 'p100'],
    [100, 'p101'],
    [250, 'p251'],
  ] as const) {
    assert.equal(pages.row(row)?.id, id)
  }
})

test('a failure is told, and tried again when asked', async () => {
  const { source } = collection(100)
  let isDown = true
  const pages = new PointPages((request) => {
    if (isDown) throw new Error('down')
    return source(request)
  })
  pages.want(0, 10)
  await new Promise((resolve) => setImmediate(resolve))
  assert.match(String(pages.state.error), /down/)
  isDown = false
  pages.retry()
  await shown(pages, 0)
  assert.equal(pages.state.error, undefined)
})
