/** Turns texts of a request into vectors by the collection's embedder. */

import { assertDefined, f32ToBytes, LIMITS, VectronError } from '@vectron/base'
import type { vectron } from '@vectron/contracts'
import type { GatewayContext } from './context.ts'
import type { Embedder } from './embedder.ts'

/** Characters of a text that an error repeats. */
const QUOTED_CHARS_MAX = 60

/** A text and the path of its field, for errors. */
export interface TextInput {
  readonly text: string
  readonly field: string
}

/**
 * Little-endian f32 of each text, in order.
 *
 * @throws VectronError NO_EMBEDDER, INVALID_ARGUMENT, TEXT_NOT_UNDERSTOOD
 */
export async function embedTexts(
  { embedders }: GatewayContext,
  collection: vectron.Collection,
  inputs: readonly TextInput[],
): Promise<Uint8Array[]> {
  if (inputs.length === 0) return []
  const embedder = embedders.get(collection.embedder)
  if (embedder === undefined) throw noEmbedder(collection, inputs[0]?.field)
  for (const { text, field } of inputs) checkText(text, field)
  const vectors = await embedder.embed(inputs.map(({ text }) => text))
  return vectors.map((vector, index) => {
    if (vector === undefined) throw notUnderstood(embedder, assertDefined(inputs[index], 'a text'))
    return f32ToBytes(vector)
  })
}

function checkText(text: string, field: string): void {
  const bytes = Buffer.byteLength(text)
  if (bytes <= LIMITS.textBytesMax && text.trim() !== '') return
  const what = bytes > LIMITS.textBytesMax ? `has ${bytes} bytes` : 'is empty'
  throw new VectronError(
    'INVALID_ARGUMENT',
    `${field} ${what}; a text to embed has 1 to ${LIMITS.textBytesMax} bytes.`,
    { field },
  )
}

function noEmbedder({ name, embedder }: vectron.Collection, field: string | undefined) {
  const why =
    embedder === ''
      ? `The collection "${name}" was created without an embedder`
      : `The embedder "${embedder}" of the collection "${name}" is not on this server`
  return new VectronError('NO_EMBEDDER', `${why}; it cannot be searched or written by text.`, {
    field,
  })
}

function notUnderstood({ name }: Embedder, { text, field }: TextInput): VectronError {
  const shown = text.length > QUOTED_CHARS_MAX ? `${text.slice(0, QUOTED_CHARS_MAX)}...` : text
  const message = `The embedder ${name} knows no word of ${JSON.stringify(shown)}.`
  return new VectronError('TEXT_NOT_UNDERSTOOD', message, { field })
}
