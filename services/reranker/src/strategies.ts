/** The strategies of a reranker, by its settings. */
import { FUSION } from './strategy/fusion.ts'
import { MMR } from './strategy/mmr.ts'
import { RULES } from './strategy/rules.ts'
import type { Strategy } from './strategy/strategy.ts'

/** In the order of names. */
export function openStrategies(): ReadonlyMap<string, Strategy> {
  const strategies = [FUSION, MMR, RULES]
  return new Map(strategies.map((strategy) => [strategy.name, strategy]))
}
