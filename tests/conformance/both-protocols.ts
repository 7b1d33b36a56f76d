/**
 * One request over HTTP and over gRPC, for tests that prove both alike: answers must be equal, and
 * so must refusals.
 */
import assert from 'node:assert/strict'
import { isVectronError } from '@vectron/base'
import type { Answer, Json } from './exchanges.ts'
import type { TestVectron } from './running-vectron.ts'
import { askGrpc, askHttp, type DocumentedOperation, operationsOf } from './speak.ts'

/** What both protocols said: an answer, or why not. */
export type Said =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string; field?: string }

export class BothProtocols {
  readonly #running: TestVectron
  readonly #operations: readonly DocumentedOperation[]

  static async open(running: TestVectron): Promise<BothProtocols> {
    const response = await fetch(`${running.url}/openapi.json`)
    return new BothProtocols(running, operationsOf(await response.json()))
  }

  private constructor(running: TestVectron, operations: readonly DocumentedOperation[]) {
    this.#running = running
    this.#operations = operations
  }

  /** Over one protocol, for requests in whose midst something changes; answers the answer. */
  async change(operation: string, request: Json): Promise<Answer> {
    const said = await this.#overHttp(operation, request)
    assert.equal(said.kind, 'answer', JSON.stringify(said))
    return said.kind === 'answer' ? said.answer : undefined
  }

  /** Over both, for requests that change nothing. `passing`: fields that need not be equal. */
  async ask(operation: string, request: Json, passing: readonly string[] = []): Promise<Answer> {
    const said = await this.#bothSay(operation, request, passing)
    assert.equal(said.kind, 'answer', JSON.stringify(said))
    return said.kind === 'answer' ? said.answer : undefined
  }

  /** Over both, for requests that are refused. */
  async refusal(operation: string, request: Json): Promise<Extract<Said, { kind: 'refused' }>> {
    const said = await this.#bothSay(operation, request, [])
    assert.ok(said.kind === 'refused', JSON.stringify(said))
    return said
  }

  async #bothSay(operation: string, request: Json, passing: readonly string[]): Promise<Said> {
    const overHttp = await this.#overHttp(operation, request)
    const overGrpc = await this.#overGrpc(operation, request)
    const steady = (said: Said) =>
      JSON.parse(JSON.stringify(said, (name, value) => (passing.includes(name) ? null : value)))
    assert.deepEqual(steady(overGrpc), steady(overHttp))
    return overHttp
  }

  async #overHttp(operation: string, request: Json): Promise<Said> {
    const described = this.#operations.find(({ id }) => id === operation)
    assert.ok(described, operation)
    const target = { url: this.#running.url, headers: { 'x-api-key': this.#running.key } }
    const response = await askHttp(target, described, [request])
    const body: Answer = await response.json()
    if (response.ok) return { kind: 'answer', answer: body }
    const details: Answer[] = body.details
    const [violation] = details.flatMap(({ fieldViolations = [] }) => fieldViolations)
    return { kind: 'refused', ...refusalOf(body.reason, body.detail, violation?.field) }
  }

  async #overGrpc(operation: string, request: Json): Promise<Said> {
    try {
      const [answer] = await askGrpc(this.#running.channel, operation, [request])
      return { kind: 'answer', answer }
    } catch (error) {
      assert.ok(isVectronError(error), String(error))
      return { kind: 'refused', ...refusalOf(error.reason, error.message, error.field) }
    }
  }
}

function refusalOf(reason: string, message: string, field: string | undefined) {
  return { reason, message, ...(field === undefined ? {} : { field }) }
}
