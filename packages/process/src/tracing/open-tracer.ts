/** Whether requests are traced, by the settings or by OpenTelemetry's environment. */

import type { Clock, Logger, Tracer } from '@vectron/base'
import type { Closers } from '../closers.ts'

export interface TracingConfig {
  readonly endpoint: string
  readonly samplePercent: number
}

export interface OpenTracerOptions {
  readonly tracing: TracingConfig
  /** `gateway` */
  readonly service: string
  /** Name of the node. */
  readonly node: string
  readonly version: string
  readonly clock: Clock
  readonly logger: Logger
  readonly closers: Closers
}

const ENDPOINT_VARIABLES = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']

/** Undefined where no collector is named: then nothing of OpenTelemetry is loaded. */
export async function openTracer(options: OpenTracerOptions): Promise<Tracer | undefined> {
  const { tracing, closers, ...about } = options
  const { endpoint, samplePercent } = tracing
  const isInEnvironment = ENDPOINT_VARIABLES.some((name) => (process.env[name] ?? '') !== '')
  const isDisabled = process.env['OTEL_SDK_DISABLED'] === 'true'
  if (isDisabled || (endpoint === '' && !isInEnvironment)) return undefined
  const { OtelTracer } = await import('./otel-tracer.ts')
  const tracer = new OtelTracer({ ...about, endpoint, sampleRatio: samplePercent / 100 })
  closers.add(() => tracer.close())
  return tracer
}
