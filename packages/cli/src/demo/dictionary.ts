/**
 * The demo collection `dictionary`: the definitions of WordNet, found by meaning.
 *
 * Loaded through the public API like anybody's data, in an order that never changes, so that a load
 * that was cut off goes on at the number of points that are there. Upserts are safe twice: it steps
 * back by what may have been on the way.
 */
import {
  batchesOf,
  type Collection,
  type FieldType,
  type NewCollection,
  type Vectron,
  VectronApiError,
  writeInParallel,
} from '@vectron/client'
import { type Definition, readDefinitions } from '@vectron/embed'

/** What a definition is stored as. */
export interface DictionaryEntry {
  readonly words: readonly string[]
  readonly pos: string
  readonly definition: string
  /** Words that share the definition. */
  readonly wordCount: number
}

export const DICTIONARY = {
  name: 'dictionary',
  embedder: 'glove-sif-100',
  description: 'Definitions of WordNet 3.1 (Princeton University), searchable by meaning',
  payloadSchema: {
    words: 'keyword',
    pos: 'keyword',
    wordCount: 'integer',
    definition: 'stored',
  } satisfies Record<keyof DictionaryEntry, FieldType>,
} as const satisfies NewCollection

/** Definitions in the collection when it is whole. */
export const DICTIONARY_POINTS = 117_778

const BATCH_SIZE = 250
const CONCURRENCY = 2

export interface DictionaryLoad {
  /** Points that were there before. */
  readonly start: number
  /** Points written, those of earlier loads included. */
  readonly done: number
}

/** Creates and fills the collection; yields after each batch. `signal` ends it between batches. */
export async function* loadDictionary(
  vectron: Vectron,
  signal?: AbortSignal,
): AsyncGenerator<DictionaryLoad> {
  const collection = vectron.collection<DictionaryEntry>(DICTIONARY.name)
  await createIfAbsent(vectron)
  const present = await collection.count()
  if (present >= DICTIONARY_POINTS) return
  const start = Math.max(0, present - BATCH_SIZE * CONCURRENCY)
  yield* writeFrom(collection, start, signal)
  // Points were missing in the middle, for instance because somebody deleted some: all of it then.
  if ((await collection.count()) < DICTIONARY_POINTS) yield* writeFrom(collection, 0, signal)
}

async function* writeFrom(
  collection: Collection<DictionaryEntry>,
  start: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<DictionaryLoad> {
  let done = start
  yield { start, done }
  const batches = batchesOf(readDefinitions().slice(start), BATCH_SIZE)
  for await (const written of writeInParallel(batches, CONCURRENCY, (batch) =>
    writeBatch(collection, batch, signal),
  )) {
    signal?.throwIfAborted()
    done += written
    yield { start, done }
  }
}

/**
 * Writes definitions by their texts. The few that hold no word the embedder knows ("foraminifers")
 * are embedded with the words they define.
 */
async function writeBatch(
  collection: Collection<DictionaryEntry>,
  definitions: readonly Definition[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const withWords = new Set<number>()
  for (;;) {
    const points = definitions.map((definition, index) => ({
      id: definition.id,
      text: textOf(definition, withWords.has(index)),
      payload: payloadOf(definition),
    }))
    try {
      await collection.upsert(points, signal === undefined ? {} : { signal })
      return definitions.length
    } catch (error) {
      const index = notUnderstood(error)
      if (index === undefined || withWords.has(index)) throw error
      withWords.add(index)
    }
  }
}

function textOf({ words, definition }: Definition, withWords: boolean): string {
  return withWords ? `${words.join(', ')}: ${definition}` : definition
}

function payloadOf({ words, pos, definition }: Definition): DictionaryEntry {
  return { words, pos, definition, wordCount: words.length }
}

/** Place in the batch of the text that the server did not understand. */
function notUnderstood(error: unknown): number | undefined {
  if (!(error instanceof VectronApiError) || error.reason !== 'TEXT_NOT_UNDERSTOOD') {
    return undefined
  }
  const match = /^points\[(\d+)\]/.exec(error.fieldViolations[0]?.field ?? '')
  return match ? Number(match[1]) : undefined
}

async function createIfAbsent(vectron: Vectron): Promise<void> {
  try {
    await vectron.createCollection(DICTIONARY)
  } catch (error) {
    const exists = error instanceof VectronApiError && error.reason === 'COLLECTION_EXISTS'
    if (!exists) throw error
  }
}
