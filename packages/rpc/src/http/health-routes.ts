/**
 * Routes that are no methods: health for orchestrators and metrics. Open to everybody.
 */

import type { Metrics } from '@vectron/base'
import type { PlainAnswer, PlainRoute } from './http-server.ts'

export interface HealthRouteOptions {
  readonly metrics: Metrics
  /** What keeps the process from serving; empty when it serves. */
  readonly problems: () => Promise<readonly string[]> | readonly string[]
  /** What people should know although it serves. Default: nothing. */
  readonly notes?: () => readonly string[]
}

export function healthRoutes({
  metrics,
  problems,
  notes = () => [],
}: HealthRouteOptions): PlainRoute[] {
  const ready = async (): Promise<PlainAnswer> => {
    const found = await problems()
    if (found.length > 0) return text(503, found.join('\n'))
    return text(200, ['ok', ...notes()].join('\n'))
  }
  return [
    // Alive means that the event loop turns; a replica that recovers is alive.
    { path: '/livez', handle: () => text(200, 'ok') },
    { path: '/readyz', handle: ready },
    { path: '/healthz', handle: ready },
    {
      path: '/metrics',
      handle: async () => ({
        status: 200,
        contentType: metrics.contentType,
        body: await metrics.expose(),
      }),
    },
  ]
}

function text(status: number, body: string): PlainAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` }
}
