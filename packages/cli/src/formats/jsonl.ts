/**
 * Points as JSON lines: `{"id": "a", "vector": [0.1, 0.2], "payload": {...}}`, or `"text"` instead
 * of the vector. Without `payload`, all other keys of the line are the payload; beside one,
 * `expireTime` says when the point is gone. Without `id`, the row's number is the id. Vectors may
 * also be base64 of little-endian f32.
 */
import { createReadStream, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { decodeVector } from '@vectron/client'
import type { ImportFile, ImportPoint, ImportRow } from './import-row.ts'

/** Opens a JSONL file; `-` is standard input. */
export function openJsonl(file: string): ImportFile {
  const isStdin = file === '-'
  return {
    rows: undefined,
    dimension: undefined,
    bytes: isStdin ? 0 : statSync(file).size,
    read: (skip) => readJsonl(isStdin ? process.stdin : createReadStream(file), skip),
  }
}

async function* readJsonl(input: NodeJS.ReadableStream, skip: number): AsyncGenerator<ImportRow> {
  let row = 0
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    row += 1
    if (row > skip && line.trim() !== '') yield parseLine(line, row)
  }
}

/** One line as a point, or what is wrong with it. */
export function parseLine(line: string, row: number): ImportRow {
  const value = parseJson(line)
  if (value instanceof SyntaxError) {
    return { kind: 'problem', row, problem: `not valid JSON: ${value.message}` }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'problem', row, problem: 'not a JSON object' }
  }
  return toRow(value as Record<string, unknown>, row)
}

function toRow(fields: Record<string, unknown>, row: number): ImportRow {
  const { id = row, vector, text, payload, ...rest } = fields
  if (typeof id !== 'string' && typeof id !== 'number') {
    return { kind: 'problem', row, problem: 'the id is neither a string nor a number' }
  }
  const { expireTime } = rest
  const base = {
    id: String(id),
    payload: (payload ?? rest) as Record<string, unknown>,
    ...(payload === undefined || typeof expireTime !== 'string' ? {} : { expireTime }),
  }
  if (typeof text === 'string') return { kind: 'point', row, point: { ...base, text } }
  const components = toVector(vector)
  if (components === undefined) {
    return { kind: 'problem', row, problem: 'has neither a "vector" of numbers nor a "text"' }
  }
  const point: ImportPoint = { ...base, vector: components }
  return { kind: 'point', row, point }
}

function toVector(value: unknown): Float32Array | readonly number[] | undefined {
  if (typeof value === 'string') return tryDecode(value)
  const isNumbers = Array.isArray(value) && value.every((item) => typeof item === 'number')
  return isNumbers ? value : undefined
}

function tryDecode(base64: string): Float32Array | undefined {
  try {
    return decodeVector(base64)
  } catch {
    return undefined
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return error instanceof SyntaxError ? error : new SyntaxError(String(error))
  }
}
