/**
 * The state of a ModelEngine: points with the index that wrote them and when they expire, and what
 * became of requests.
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
  /** From when on there is no such point, in Unix milliseconds; 0 for never. */
  readonly expireMs: number
}

/** A point that a command wrote. */
export interface ModelWrite {
  readonly id: string
  /** What `if_version` of a command is compared with; 0: there was no such point. */
  readonly before: bigint
}

export interface ModelEffect {
  readonly requestId: string
  readonly effectiveIndex: bigint
  /** Empty for a repeated request. */
  readonly writes: readonly ModelWrite[]
  /** Why it did nothing. */
  readonly refusal: string | undefined
}

/** Planted bugs of an engine. */
export interface ModelBugs {
  /** Repeated requests are applied again. */
  readonly forgetsRequests: boolean
  /** Nobody looks at `if_version`. */
  readonly ignoresVersions: boolean
}

/** What a request did when it came first. */
interface Outcome {
  readonly index: bigint
  readonly refusal: string | undefined
}

export class ModelState {
  appliedIndex = 0n
  hash = 0
  readonly points = new Map<string, ModelPoint>()
  readonly #requests = new Map<string, Outcome>()

  static decode(bytes: Uint8Array): ModelState {
    const fields = JSON.parse(Buffer.from(bytes).toString())
    const state = new ModelState()
    state.appliedIndex = BigInt(fields.appliedIndex)
    state.hash = fields.hash
    for (const [id, value, version, expireMs] of fields.points) {
      state.points.set(id, { value, version: BigInt(version), expireMs })
    }
    for (const [request, index, refusal] of fields.requests) {
      state.#requests.set(request, { index: BigInt(index), refusal: refusal ?? undefined })
    }
    return state
  }

  encode(): Uint8Array {
    const fields = {
      appliedIndex: this.appliedIndex.toString(),
      hash: this.hash,
      points: [...this.points].map(([id, { value, version, expireMs }]) => {
        return [id, value, `${version}`, expireMs]
      }),
      requests: [...this.#requests].map(([request, { index, refusal }]) => {
        return [request, `${index}`, refusal ?? null]
      }),
    }
    return new Uint8Array(Buffer.from(JSON.stringify(fields)))
  }

  /** Points whose time has come by then, or that never were or are deleted, are not there. */
  isThere(id: string, timeMs: number): boolean {
    const point = this.points.get(id)
    return point !== undefined && point.value !== null && !hasExpired(point, timeMs)
  }

  /** Points whose time has come and that are not freed yet. */
  expired(timeMs: number): string[] {
    const all = [...this.points]
    return all.filter(([, point]) => hasExpired(point, timeMs)).map(([id]) => id)
  }

  /** When the next point expires of those that are there; 0 when none does. */
  nextExpiryMs(timeMs: number): number {
    const all = [...this.points.values()]
    const coming = all.filter((point) => point.expireMs > timeMs).map(({ expireMs }) => expireMs)
    return coming.length === 0 ? 0 : Math.min(...coming)
  }

  /** Applies one entry; an empty command only moves the applied index. */
  apply(index: bigint, command: Uint8Array, bugs: ModelBugs): ModelEffect {
    this.appliedIndex = index
    this.hash = mix(this.hash, command)
    const nothing = { effectiveIndex: index, writes: [], refusal: undefined }
    if (command.length === 0) return { requestId: '', ...nothing }
    const { requestId, timeMs, command: change } = fromBinary(engine.WriteCommandSchema, command)
    const known = this.#requests.get(requestId)
    if (known !== undefined && !bugs.forgetsRequests) {
      return { requestId, effectiveIndex: known.index, writes: [], refusal: known.refusal }
    }
    const refusal = bugs.ignoresVersions ? undefined : this.#refusal(change, Number(timeMs))
    const writes = refusal === undefined ? this.#change(index, change, Number(timeMs)) : []
    if (refusal !== undefined) this.hash = mix(this.hash, Buffer.from(refusal))
    if (requestId !== '') this.#requests.set(requestId, { index, refusal })
    return { requestId, effectiveIndex: index, writes, refusal }
  }

  #refusal(change: engine.WriteCommand['command'], timeMs: number): string | undefined {
    if (change.case !== 'upsert') return undefined
    for (const { id, ifVersion } of change.value.points) {
      const version = this.#versionOf(id, timeMs)
      if (ifVersion !== undefined && ifVersion !== version) {
        return `"${id}" has version ${version}, not ${ifVersion}`
      }
    }
    return undefined
  }

  #versionOf(id: string, timeMs: number): bigint {
    return this.isThere(id, timeMs) ? (this.points.get(id)?.version ?? 0n) : 0n
  }

  #change(
    version: bigint,
    change: engine.WriteCommand['command'],
    timeMs: number,
  ): readonly ModelWrite[] {
    const write = (id: string, point: Omit<ModelPoint, 'version'>) => {
      const before = this.#versionOf(id, timeMs)
      this.points.set(id, { ...point, version })
      return { id, before }
    }
    switch (change.case) {
      case 'upsert':
        return change.value.points.map(({ id, payload, expireMs }) =>
          write(id, { value: Buffer.from(payload).toString(), expireMs: Number(expireMs) }),
        )
      case 'delete': {
        const { ids, expiredByMs } = change.value
        if (expiredByMs > 0n) {
          this.#free(ids, Number(expiredByMs))
          return []
        }
        return ids.map((id) => write(id, { value: null, expireMs: 0 }))
      }
      default:
        return []
    }
  }

  /** No write: who reads the point sees the same before and after. */
  #free(ids: readonly string[], timeMs: number): void {
    for (const id of ids) {
      const point = this.points.get(id)
      if (point === undefined || !hasExpired(point, timeMs)) continue
      this.points.set(id, { ...point, value: null, expireMs: 0 })
    }
  }
}

function hasExpired({ expireMs }: ModelPoint, timeMs: number): boolean {
  return expireMs !== 0 && expireMs <= timeMs
}

/** FNV-1a over the bytes, continued from `hash`. */
function mix(hash: number, bytes: Uint8Array): number {
  let mixed = Math.imul(hash ^ bytes.length, 0x01000193)
  for (const byte of bytes) mixed = Math.imul(mixed ^ byte, 0x01000193)
  return mixed >>> 0
}
