/** Text embedding that is built in: the embedder, and the dictionary that it is tuned on. */
export type { BuildProgress } from './build-model.ts'
export { GLOVE_DIMENSION, type GloveRow, readGloveRows } from './glove-json.ts'
export { GloveSifEmbedder, type GloveSifOptions } from './glove-sif.ts'
export { type Definition, type PartOfSpeech, readDefinitions } from './wordnet.ts'
