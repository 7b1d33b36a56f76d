/**
 * The handlers of worker.v1: find the shard, let it answer.
 *
 * A call for several shards answers for each on its own: one that fails leaves the others
 * standing.
 */

import { create } from '@bufbuild/protobuf'
import { logIndex, toVectronError, VectronError } from '@vectron/base'
import { worker } from '@vectron/contracts'
import type { CallContext, ServiceHandlers } from '@vectron/rpc'
import type { DiskGuard } from './disk-guard.ts'
import type { ShardRegistry } from './shard-registry.ts'

export interface WorkerContext {
  readonly registry: ShardRegistry
  readonly diskGuard: DiskGuard
}

export class WorkerService implements ServiceHandlers<typeof worker.Worker> {
  readonly #context: WorkerContext

  constructor(context: WorkerContext) {
    this.#context = context
  }

  async writeShard(
    { shard, command }: worker.WriteShardRequest,
    { deadline }: CallContext,
  ): Promise<worker.WriteShardResponse> {
    const header = required(shard)
    const hosted = this.#context.registry.find(header.shardId)
    if (needsRoom(command)) this.#context.diskGuard.checkRoom()
    const written = await hosted.write(header.epoch, command, deadline)
    return create(worker.WriteShardResponseSchema, written)
  }

  async writeShards(
    { writes }: worker.WriteShardsRequest,
    call: CallContext,
  ): Promise<worker.WriteShardsResponse> {
    const answers = await Promise.all(
      writes.map(async (write) => {
        const { shardId } = required(write.shard)
        try {
          const value = await this.writeShard(write, call)
          return create(worker.ShardWriteAnswerSchema, {
            shardId,
            answer: { case: 'written', value },
          })
        } catch (error) {
          return create(worker.ShardWriteAnswerSchema, {
            shardId,
            answer: { case: 'failure', value: toFailure(error) },
          })
        }
      }),
    )
    return create(worker.WriteShardsResponseSchema, { answers })
  }

  async searchShards(
    { shards, search }: worker.SearchShardsRequest,
    call: CallContext,
  ): Promise<worker.SearchShardsResponse> {
    const answers = await Promise.all(
      shards.map(async (read) => {
        const { shardId } = required(read.shard)
        try {
          const { shard } = this.#context.registry.find(shardId)
          const value = await shard.search(read, search, call)
          return create(worker.ShardAnswerSchema, { shardId, answer: { case: 'result', value } })
        } catch (error) {
          const value = toFailure(error)
          return create(worker.ShardAnswerSchema, { shardId, answer: { case: 'failure', value } })
        }
      }),
    )
    return create(worker.SearchShardsResponseSchema, { answers })
  }

  async readShard(
    request: worker.ReadShardRequest,
    { deadline }: CallContext,
  ): Promise<worker.ReadShardResponse> {
    const { shard } = this.#context.registry.find(required(request.shard).shardId)
    const result = await shard.read(request, deadline)
    return create(worker.ReadShardResponseSchema, { result })
  }

  async getShardDigest(
    { shard, minAppliedIndex }: worker.GetShardDigestRequest,
    { deadline }: CallContext,
  ): Promise<worker.GetShardDigestResponse> {
    const { shardId, epoch } = required(shard)
    const hosted = this.#context.registry.find(shardId)
    const { appliedIndex, pointsCount, digest } = await hosted.shard.digest(
      epoch,
      logIndex(minAppliedIndex),
      deadline,
    )
    return create(worker.GetShardDigestResponseSchema, { appliedIndex, pointsCount, digest })
  }

  async getShardStats({
    shardIds,
  }: worker.GetShardStatsRequest): Promise<worker.GetShardStatsResponse> {
    const { registry } = this.#context
    const hosted = shardIds.length === 0 ? registry.open : shardIds.map((id) => registry.find(id))
    return create(worker.GetShardStatsResponseSchema, { shards: hosted.map((h) => h.report()) })
  }
}

/** Field 3 of `engine.v1.WriteCommand`, wire type 2: a delete. Written alone or behind field 1. */
const DELETE_TAG = 0x1a
const REQUEST_ID_TAG = 0x0a

/** Deletes make room, so they are let through when there is none. */
function needsRoom(command: Uint8Array): boolean {
  const behindRequestId = command[0] === REQUEST_ID_TAG ? 2 + (command[1] ?? 0) : 0
  return command[behindRequestId] !== DELETE_TAG
}

function required(header: worker.ShardHeader | undefined): worker.ShardHeader {
  if (header !== undefined) return header
  throw new VectronError('MISSING_FIELD', 'The shard is not named.', { field: 'shard' })
}

function toFailure(error: unknown): worker.ShardFailure {
  const { reason, message, subject, retryAfterMs, metadata } = toVectronError(error)
  return create(worker.ShardFailureSchema, {
    reason,
    message,
    leaderWorkerId: BigInt(metadata?.['leaderWorkerId'] ?? 0),
    subject: subject ?? '',
    retryAfterMs: Math.ceil(retryAfterMs ?? 0),
  })
}
