import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'node:test'
import type { ReadHeader, Span, SpanAttributes, SpanOptions, Tracer } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { createInProcessClient } from './in-process.ts'
import { type BoundService, bindService } from './service.ts'
import { traceCalls, traceClient } from './trace-calls.ts'

/** Writes down which span ran within which; a trace is a path. */
class PathTracer implements Tracer {
  readonly paths: string[] = []
  readonly attributes: SpanAttributes[] = []
  readonly #present = new AsyncLocalStorage<string>()

  serve<T>(span: SpanOptions, header: ReadHeader, work: (span: Span) => Promise<T>): Promise<T> {
    return this.#run(header('traceparent') ?? '', span, work)
  }

  call<T>(span: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    return this.part(span, work)
  }

  part<T>(span: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const present = this.#present.getStore()
    if (present === undefined) return work({ set: () => {} })
    return this.#run(present, span, work)
  }

  headers(): Record<string, string> {
    const traceparent = this.traceId()
    return traceparent === undefined ? {} : { traceparent }
  }

  traceId(): string | undefined {
    return this.#present.getStore()
  }

  #run<T>(parent: string, { name }: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const path = `${parent}/${name}`
    this.paths.push(path)
    const set = (attributes: SpanAttributes) => this.attributes.push(attributes)
    return this.#present.run(path, work, { set })
  }
}

/** A service whose health asks for the collections of another. */
function services(tracer: PathTracer, begins: boolean) {
  const handlers = (list: () => Promise<unknown>): BoundService => {
    const all = vectron.Cluster.methods.map(({ localName }) => [
      localName,
      async (_request: unknown, call: { audited: string }) => {
        call.audited = 'c'
        await list()
        return {}
      },
    ])
    return bindService(vectron.Cluster, Object.fromEntries(all))
  }
  const inner = handlers(async () => {})
  const continued = [traceCalls({ tracer, begins: false })]
  const toInner = traceClient(
    vectron.Cluster,
    createInProcessClient(vectron.Cluster, inner, { interceptors: continued }),
    { tracer, peer: 'inner' },
  )
  const outer = handlers(() => toInner.listWorkers({}))
  const entered = [traceCalls({ tracer, begins })]
  return {
    toInner,
    toOuter: createInProcessClient(vectron.Cluster, outer, { interceptors: entered }),
  }
}

test('A trace leads from the caller through both services, with a span for each side of a call.', async () => {
  const tracer = new PathTracer()
  const { toOuter } = services(tracer, true)
  await toOuter.getHealth({}, { headers: { traceparent: 'client' } })
  assert.deepEqual(tracer.paths, [
    'client/getHealth',
    'client/getHealth/listWorkers',
    'client/getHealth/listWorkers/listWorkers',
  ])
  assert.ok(tracer.attributes.some((one) => one['vectron.collection'] === 'c'))
})

test('Calls without a trace begin one where clients come in, and nowhere else.', async () => {
  const begins = new PathTracer()
  await services(begins, true).toOuter.getHealth({})
  assert.deepEqual(begins.paths, [
    '/getHealth',
    '/getHealth/listWorkers',
    '/getHealth/listWorkers/listWorkers',
  ])
  const continues = new PathTracer()
  const { toOuter, toInner } = services(continues, false)
  await toOuter.getHealth({})
  await toInner.listWorkers({})
  assert.deepEqual(continues.paths, [])
})
