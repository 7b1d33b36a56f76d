/** Lays a `.br` and a `.gz` beside every file of a folder that becomes smaller by it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const COMPRESSIBLE = /\.(js|css|svg|txt|json|wasm)$/
/** Smaller files fit one packet anyway. */
const BYTES_MIN = 1024
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }

const brotliAsync = promisify<Buffer, object, Buffer>(brotliCompress)
const gzipAsync = promisify<Buffer, object, Buffer>(gzip)

export async function compressFolder(folder: string): Promise<void> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => COMPRESSIBLE.test(name)).map((n) => path.join(folder, n))
  await Promise.all(files.map(compressFile))
}

async function compressFile(file: string): Promise<void> {
  const bytes = readFileSync(file)
  if (bytes.length < BYTES_MIN) return
  const [br, gz] = await Promise.all([brotliAsync(bytes, BROTLI), gzipAsync(bytes, { level: 9 })])
  if (br.length < bytes.length) writeFileSync(`${file}.br`, br)
  if (gz.length < bytes.length) writeFileSync(`${file}.gz`, gz)
}
