/**
 * The state of a ModelEngine: points with the index that wrote them, and which requests took
 * effect.
 *
 * Deterministic: the same commands give the same state and hash on every replica.
 */
import { fromBinary } from '@bufbuild/protobuf'
import { engine } from '@vectron/contracts'

export interface ModelPoint {
  /** null: deleted. */
  readonly value: string | null
  /** Log index that wrote it. */
  readonly version: bigint
}

export interface ModelEffect {
  readonly requestId: string
  readonly effectiveIndex: bigint
  readonly affected: number
}

export class ModelState {
  appliedIndex = 0n
  hash = 0
  readonly points = new Map<string, ModelPoint>()
  /** Index at which each request took effect. */
  readonly requests = new Map<string, bigint>()

  static decode(bytes: Uint8Array): ModelState {
    const fields = JSON.parse(Buffer.from(bytes).toString())
    const state = new ModelState()
    state.appliedIndex = BigInt(fields.appliedIndex)
    state.hash = fields.hash
    for (const [id, value, version] of fields.points) {
      state.points.set(id, { value, version: BigInt(version) })
    }
    for (const [request, index] of fields.requests) state.requests.set(request, BigInt(index))
    return state
  }

  encode(): Uint8Array {
    const fields = {
      appliedIndex: this.appliedIndex.toString(),
      hash: this.hash,
      points: [...this.points].map(([id, { value, version }]) => [id, value, `${version}`]),
      requests: [...this.requests].map(([request, index]) => [request, `${index}`]),
    }
    return new Uint8Array(Buffer.from(JSON.stringify(fields)))
  }

  /** Applies one entry; an empty command only moves the applied index. */
  apply(
    index: bigint,
    command: Uint8Array,
    { forgetsRequests }: { readonly forgetsRequests: boolean },
  ): ModelEffect {
    this.appliedIndex = index
    this.hash = mix(this.hash, command)
    if (command.length === 0) return { requestId: '', effectiveIndex: index, affected: 0 }
    const { requestId, command: change } = fromBinary(engine.WriteCommandSchema, command)
    const before = this.requests.get(requestId)
    if (before !== undefined && !forgetsRequests) {
      return { requestId, effectiveIndex: before, affected: 0 }
    }
    this.requests.set(requestId, index)
    return { requestId, effectiveIndex: index, affected: this.#change(index, change) }
  }

  #change(version: bigint, change: engine.WriteCommand['command']): number {
    switch (change.case) {
      case 'upsert':
        for (const { id, payload } of change.value.points) {
          this.points.set(id, { value: Buffer.from(payload).toString(), version })
        }
        return change.value.points.length
      case 'delete':
        for (const id of change.value.ids) this.points.set(id, { value: null, version })
        return change.value.ids.length
      default:
        return 0
    }
  }
}

/** FNV-1a over the bytes, continued from `hash`. */
function mix(hash: number, bytes: Uint8Array): number {
  let mixed = Math.imul(hash ^ bytes.length, 0x01000193)
  for (const byte of bytes) mixed = Math.imul(mixed ^ byte, 0x01000193)
  return mixed >>> 0
}
