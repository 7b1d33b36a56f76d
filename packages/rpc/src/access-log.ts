/**
 * One interceptor around every call: counts it, times it, and says something when that is worth it.
 *
 * Calls are logged at debug level, refused ones with their reason; slow ones at info level. What
 * failed by the server's fault is logged by the transport, once. A busy server writes no line per
 * request.
 */

import type { DescMethod } from '@bufbuild/protobuf'
import { type Clock, type Logger, type Metrics, toVectronError } from '@vectron/base'
import type { CallContext } from './call.ts'
import type { Interceptor } from './dispatch.ts'

export interface AccessLogOptions {
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
  /** Where calls are kept back on purpose, none is slow. Default: some are. */
  readonly logsSlow?: boolean
}

/** Calls slower than this are logged at info level. Streams are not: they may take as they like. */
const SLOW_US = 1_000_000

export function recordCalls(options: AccessLogOptions): Interceptor {
  const { metrics, logger, clock, logsSlow = true } = options
  const countOutcome = countOutcomes(metrics)
  const duration = metrics.histogram({
    name: 'request_duration_seconds',
    help: 'Time from a request to its last answer.',
    labels: ['protocol', 'method'],
  })

  // Label look-ups are most of what prom-client costs, so each series is looked up once.
  const timers = new Map<string, { observe(seconds: number): void }>()

  function count(call: CallContext, code: string, tookUs: number): void {
    const method = nameOf(call.method)
    const series = `${call.protocol} ${method}`
    let timer = timers.get(series)
    if (timer === undefined) {
      timer = duration.labels(call.protocol, method)
      timers.set(series, timer)
    }
    timer.observe(tookUs / 1e6)
    countOutcome(call, code)
  }

  function describe(call: CallContext, tookUs: number) {
    return {
      method: nameOf(call.method),
      protocol: call.protocol,
      requestId: call.requestId,
      peer: call.peer,
      keyId: call.principal?.keyId,
      tookUs: Math.round(tookUs),
    }
  }

  return async (call, next) => {
    const startUs = clock.monotonicUs()
    try {
      await next()
    } catch (error) {
      const failure = toVectronError(error)
      const tookUs = clock.monotonicUs() - startUs
      count(call, failure.reason, tookUs)
      if (logger.isLevelEnabled('debug')) {
        logger.debug({ ...describe(call, tookUs), reason: failure.reason }, failure.message)
      }
      throw error
    }
    const tookUs = clock.monotonicUs() - startUs
    count(call, 'OK', tookUs)
    if (logsSlow && tookUs > SLOW_US && call.method.methodKind === 'unary') {
      logger.info(describe(call, tookUs), 'slow call')
    } else if (logger.isLevelEnabled('debug')) {
      logger.debug(describe(call, tookUs), 'call')
    }
  }
}

/** Counts calls that end, or are turned away, without a word in the log. */
export function countOutcomes(
  metrics: Metrics,
): (call: Pick<CallContext, 'method' | 'protocol'>, code: string) => void {
  const total = metrics.counter({
    name: 'requests_total',
    help: 'Calls answered, by protocol, method and outcome (OK or the reason of the error).',
    labels: ['protocol', 'method', 'code'],
  })
  const counters = new Map<string, { inc(): void }>()
  return ({ method, protocol }, code) => {
    const name = nameOf(method)
    const series = `${protocol} ${name} ${code}`
    let counter = counters.get(series)
    if (counter === undefined) {
      counter = total.labels(protocol, name, code)
      counters.set(series, counter)
    }
    counter.inc()
  }
}

function nameOf({ parent, name }: DescMethod): string {
  return `${parent.name}/${name}`
}
