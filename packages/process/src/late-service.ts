/**
 * A service that listens before its handlers are there.
 *
 * A worker tells placement its address when it registers, so it must listen before; its handlers
 * exist only after. Until `open` is called every call is refused with UNAVAILABLE, which callers
 * try again.
 */
import type { DescService } from '@bufbuild/protobuf'
import { assertDefined, VectronError } from '@vectron/base'
import type { BoundMethod, BoundService } from '@vectron/rpc'

export class LateService {
  /** What the server serves from the beginning. */
  readonly bound: BoundService
  readonly #name: string
  #opened: BoundService | undefined

  constructor(desc: DescService, name: string) {
    this.#name = name
    this.bound = { desc, methods: desc.methods.map((method) => this.#late(method)) }
  }

  /** Calls are handed to these handlers from now on. */
  open(service: BoundService): void {
    this.#opened = service
  }

  #late(open: BoundMethod['open']): BoundMethod {
    const handle = (request: unknown, call: unknown) => {
      if (this.#opened === undefined) {
        throw new VectronError('UNAVAILABLE', `The ${this.#name} is starting.`)
      }
      const method = this.#opened.methods.find(({ open: { name } }) => name === open.name)
      const { handler } = assertDefined(method, 'the same service')
      return (handler.handle as (request: unknown, call: unknown) => unknown)(request, call)
    }
    const handler = { kind: open.methodKind, handle } as unknown as BoundMethod['handler']
    return { open, input: open.input, output: open.output, handler }
  }
}
