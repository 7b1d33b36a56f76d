/** The reranker: puts the candidates of a search into another order. See DESIGN.md. */

export { type Announcement, announce } from './announce.ts'
export { openReranker, type RerankerOptions, type RunningReranker } from './open-reranker.ts'
