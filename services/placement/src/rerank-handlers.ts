/** Presets of collections for reranking, and the instances of the reranker. */

import { create } from '@bufbuild/protobuf'
import { VectronError } from '@vectron/base'
import { placement, type vectron } from '@vectron/contracts'
import type { CallContext } from '@vectron/rpc'
import type { PlacementContext } from './context.ts'
import { execute } from './execute.ts'

/** Characters of an address: of a host's name, and of a port. */
const ADDRESS_CHARS_MAX = 300

export class RerankHandlers {
  readonly #context: PlacementContext

  constructor(context: PlacementContext) {
    this.#context = context
  }

  async setRerankPreset(
    { collection, preset }: placement.SetRerankPresetRequest,
    { deadline }: CallContext,
  ): Promise<vectron.RerankPreset> {
    if (preset === undefined) {
      throw new VectronError('MISSING_FIELD', 'The preset is missing.', { field: 'preset' })
    }
    const value = create(placement.SetRerankPresetSchema, { collection, preset })
    const result = await execute(this.#context, { case: 'setRerankPreset', value }, deadline)
    if (result.kind !== 'preset') throw new VectronError('INTERNAL', 'A preset was not answered.')
    // In one process messages are handed over as they are.
    return { ...result.preset }
  }

  async deleteRerankPreset(
    { collection, preset }: placement.DeleteRerankPresetRequest,
    { deadline }: CallContext,
  ): Promise<placement.DeleteRerankPresetResponse> {
    const value = create(placement.DropRerankPresetSchema, { collection, preset })
    await execute(this.#context, { case: 'dropRerankPreset', value }, deadline)
    return create(placement.DeleteRerankPresetResponseSchema)
  }

  async registerReranker({
    address,
    leaving,
  }: placement.RegisterRerankerRequest): Promise<placement.RegisterRerankerResponse> {
    if (address === '' || address.length > ADDRESS_CHARS_MAX) {
      const message = `An address of ${address.length} characters is none.`
      throw new VectronError('INVALID_ARGUMENT', message, { field: 'address' })
    }
    const { rerankers } = this.#context.memory()
    if (leaving) rerankers.remove(address)
    else rerankers.note(address)
    return create(placement.RegisterRerankerResponseSchema)
  }
}
