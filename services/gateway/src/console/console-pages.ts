/**
 * The console at the gateway's own address: its files, and its one page for every path that is no
 * route of the API.
 *
 * The page holds a mark where each page load has a nonce of its own. The API is never shadowed: a
 * path under it that does not exist stays an error of the API, also for browsers.
 */
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import type { PageRequest, PlainAnswer } from '@vectron/rpc'
import { pageHeaders } from './security-headers.ts'
import { isFilePath, readIfThere, serveFile } from './static-files.ts'

/** Stands in the built page wherever the nonce belongs. */
const NONCE_MARK = '__VECTRON_NONCE__'
const NONCE_BYTES = 16
/** First segments that belong to the API. */
const API_SEGMENTS = new Set(
  'v1 console errors metrics livez readyz healthz openapi.json'.split(' '),
)

const NOT_BUILT = `The console of this Vectron has not been built.

From a clone, "npm run build" builds it, and "npm start" does so by itself; it is served from then
on, without a restart. Elsewhere, name the folder of a built console in the setting console.folder.

The API is here: /openapi.json describes it.
`

/** Answers the GETs that no route of the API takes. @param folder of the built console */
export function consolePages(folder: string) {
  return async (request: PageRequest): Promise<PlainAnswer | undefined> => {
    if (isFilePath(request.path)) {
      return serveFile(folder, request.path, request.header('accept-encoding') ?? '')
    }
    if (!isPage(request)) return undefined
    const page = await readIfThere(path.join(folder, 'index.html'))
    if (page === undefined) {
      return { status: 404, contentType: 'text/plain; charset=utf-8', body: NOT_BUILT }
    }
    const nonce = randomBytes(NONCE_BYTES).toString('base64url')
    return {
      status: 200,
      contentType: 'text/html; charset=utf-8',
      body: page.toString('utf8').replaceAll(NONCE_MARK, nonce),
      headers: pageHeaders(nonce),
    }
  }
}

/** Browsers that go somewhere ask for HTML; programs that ask the API do not. */
function isPage({ path: url, header }: PageRequest): boolean {
  if (url === '/') return true
  if (API_SEGMENTS.has(url.split('/')[1] ?? '')) return false
  return (header('accept') ?? '').includes('text/html')
}
