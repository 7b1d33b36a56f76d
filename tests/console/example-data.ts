/** The demo collection in small, under its own name: enough for every page to show something. */
import { Vectron } from '@vectron/client'
import type { ServerAddress } from '@vectron/testkit'

const POINTS = 200
const DIMENSION = 8
const KINDS = ['noun', 'verb', 'adjective', 'adverb']

export async function writeExampleData({ url, apiKey }: ServerAddress): Promise<void> {
  const vectron = new Vectron({ url, apiKey })
  await vectron.createCollection({ name: 'dictionary', dimension: DIMENSION })
  await vectron.collection('dictionary').upsert(
    Array.from({ length: POINTS }, (_, index) => ({
      // The first is called as one of the demo, so that addresses of examples find it.
      id: index === 0 ? 'n02086723' : `word-${index}`,
      vector: Array.from({ length: DIMENSION }, (_, axis) => Math.sin(1 + index * (axis + 1))),
      payload: {
        pos: KINDS[index % KINDS.length],
        wordCount: 1 + (index % 3),
        words: [`w${index}`],
      },
    })),
  )
}
