import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { VectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { SimClock } from '@vectron/testkit'
import { Call } from '../call.ts'
import { bindService, gateService, LoadGate, TurnLine } from '../index.ts'
import { BEGIN_MAX } from './turn-line.ts'

function gatedSearch() {
  const clock = new SimClock()
  const turns: (() => void)[] = []
  const line = new TurnLine((run) => turns.push(run))
  const gate = new LoadGate({ queueMsMax: 500, clock, line, onRefused: () => undefined })
  let begun = 0
  const search = async () => {
    begun++
    return {}
  }
  async function* searchStream() {
    begun++
    yield {}
    yield {}
  }
  const service = bindService(vectron.Search, { search, batchSearch: search, searchStream })
  const gated = gateService(service, () => gate)
  const methodOf = (name: string) => {
    const method = gated.methods.find(({ open }) => open.localName === name)
    assert.ok(method !== undefined)
    return method
  }
  const unary = methodOf('search')
  const stream = methodOf('searchStream')
  const newCall = () =>
    new Call({
      method: unary.open,
      protocol: 'grpc',
      clock,
      timeoutMs: 1000,
      peer: '127.0.0.1:1',
      header: () => undefined,
    })
  return {
    gate,
    get begun() {
      return begun
    },
    newCall,
    call(call = newCall()) {
      assert.ok(unary.handler.kind === 'unary')
      return unary.handler.handle(create(vectron.SearchRequestSchema), call)
    },
    stream() {
      assert.ok(stream.handler.kind === 'server_streaming')
      return stream.handler.handle(create(vectron.SearchRequestSchema), newCall())
    },
    nextTurn() {
      for (const run of turns.splice(0)) run()
    },
  }
}

test('A call whose caller has left while it stood in line is not begun, and takes no room', async () => {
  const gated = gatedSearch()
  const first = Array.from({ length: BEGIN_MAX }, () => gated.call())
  const left = gated.newCall()
  const late = gated.call(left)
  left.abort(new VectronError('CANCELLED', 'The caller ended the request.'))
  gated.nextTurn()
  await assert.rejects(late, { reason: 'CANCELLED' })
  await Promise.all(first)
  assert.equal(gated.begun, BEGIN_MAX)
  assert.equal(gated.gate.inFlight, 0)
})

test('A stream takes room until its first answer, or until it fails', async () => {
  const gated = gatedSearch()
  const answers = gated.stream()[Symbol.asyncIterator]()
  const first = answers.next()
  assert.equal(gated.gate.inFlight, 1)
  await first
  assert.equal(gated.gate.inFlight, 0)
  await answers.return?.()
  assert.equal(gated.gate.inFlight, 0)
})
