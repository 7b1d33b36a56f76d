/**
 * The files of a built console: read from its folder as they are asked for, so that a console that
 * is built while the gateway runs is served at once.
 *
 * The build lays a `.br` and a `.gz` beside what is worth it. Names under `assets/` hold the hash
 * of their content and are kept by browsers for ever. A name is one plain segment, so no path leads
 * out of the folder.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { PlainAnswer } from '@vectron/rpc'
import { FILE_HEADERS } from './security-headers.ts'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
}
const ASSET = /^\/assets\/[\w-][\w.-]*$/
const ROOT_FILE = /^\/[\w-]+\.(svg|png|txt)$/
/** Best first. */
const ENCODINGS = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const

/** Whether a path can only be a file, never a page. */
export function isFilePath(url: string): boolean {
  return url.startsWith('/assets/') || ROOT_FILE.test(url)
}

/** The file of a path, as small as the browser takes it; undefined when there is none. */
export async function serveFile(
  folder: string,
  url: string,
  acceptEncoding: string,
): Promise<PlainAnswer | undefined> {
  if (!ASSET.test(url) && !ROOT_FILE.test(url)) return undefined
  const contentType = CONTENT_TYPES[path.extname(url)]
  if (contentType === undefined) return undefined
  const file = path.join(folder, url)
  const found = await readSmallest(file, acceptEncoding)
  if (found === undefined) return undefined
  const isHashed = ASSET.test(url)
  return {
    status: 200,
    contentType,
    body: found.body,
    headers: {
      ...FILE_HEADERS,
      'cache-control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'accept-encoding',
      ...(found.encoding === undefined ? {} : { 'content-encoding': found.encoding }),
    },
  }
}

interface FoundFile {
  readonly body: Buffer
  readonly encoding: string | undefined
}

async function readSmallest(file: string, acceptEncoding: string): Promise<FoundFile | undefined> {
  const accepted = acceptEncoding.split(',').map((part) => part.split(';')[0]?.trim())
  for (const { name, suffix } of ENCODINGS) {
    if (!accepted.includes(name)) continue
    const body = await readIfThere(file + suffix)
    if (body !== undefined) return { body, encoding: name }
  }
  const body = await readIfThere(file)
  return body && { body, encoding: undefined }
}

/** undefined when there is no such file. */
export async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined
    throw error
  }
}
