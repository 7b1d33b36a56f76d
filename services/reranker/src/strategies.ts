/** The strategies of a reranker, by its settings. */
import { FUSION } from './strategy/fusion.ts'
import { type HttpOptions, openHttp } from './strategy/http.ts'
import { type LinearOptions, openLinear } from './strategy/linear.ts'
import { MMR } from './strategy/mmr.ts'
import { type OnnxOptions, openOnnx } from './strategy/onnx.ts'
import { RULES } from './strategy/rules.ts'
import type { Strategy } from './strategy/strategy.ts'

export interface StrategyOptions {
  readonly linear: LinearOptions
  readonly http: HttpOptions
  readonly onnx: OnnxOptions
}

/** In the order of names. */
export function openStrategies(options: StrategyOptions): ReadonlyMap<string, Strategy> {
  const strategies = [
    FUSION,
    openHttp(options.http),
    openLinear(options.linear),
    MMR,
    openOnnx(options.onnx),
    RULES,
  ]
  return new Map(strategies.map((strategy) => [strategy.name, strategy]))
}
