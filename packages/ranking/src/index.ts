/**
 * The arithmetic of orders: fusion of rankings, diversity, measures, features and the fit of a
 * linear model. Pure functions over numbers, texts and JSON; knows nothing of requests.
 */

export { decay, type FeatureCandidate, type FeatureQuery, featuresOf } from './features.ts'
export { type FuseOptions, fuseRanks, fuseScores, RRF_K, type WeightedRanking } from './fuse.ts'
export { JsonReader } from './json-reader.ts'
export {
  type FeatureSpec,
  formatLinearModel,
  type LinearModel,
  parseFeatures,
  parseLinearModel,
  scoreLinear,
} from './linear-model.ts'
export { cosineSimilarity, type DiverseOptions, selectDiverse } from './mmr.ts'
export { ndcgAt } from './ndcg.ts'
export { normaliseScores, orderByScore } from './normalise.ts'
export { type JsonValue, numberAt, parsePayload, textAt, timeAt, valuesAt } from './payload.ts'
export { type JudgedQuery, type Training, trainLinear } from './train.ts'
export { coverageOfWords, hasPhrase, splitWords } from './words.ts'
