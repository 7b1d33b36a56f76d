/** Turns texts of a request into vectors by the collection's embedder. */

import { f32ToBytes, LIMITS, VectronError } from '@vectron/base'
import type { vectron } from '@vectron/contracts'
import type { GatewayContext } from './context.ts'

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
  return vectors.map((vector) => f32ToBytes(vector))
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
