/**
 * What all commands of one write have in common: when it was made, for whom, and how a shard knows
 * that it has carried its part out already.
 *
 * Without a key of the caller's, that is a request id made here, which makes retries of the gateway
 * safe. With one, it is the key: each shard keeps it with the result of its part and a fingerprint
 * of the request, and answers the same result again. A key is the caller's own: of its collection,
 * which belongs to one project, and of its row rule, so that those who may not see each other's
 * points do not meet in a key either.
 *
 * A request that says something else may be about other shards, so those that know the key might
 * not be asked. The key is therefore claimed first, in the one shard that its hash falls to.
 */

import { createHash, randomUUID } from 'node:crypto'
import { type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf'
import { type Clock, type Deadline, LIMITS, type ShardId, VectronError } from '@vectron/base'
import type { vectron } from '@vectron/contracts'
import { type Router, shardOfId, writeItems } from '@vectron/routing'
import type { CallContext } from '@vectron/rpc'
import { type CommandHead, encodeCommand } from '@vectron/shard'
import { rowRuleOf } from './access/row-rule.ts'

export interface WriteHead {
  /** Unique to the write. */
  readonly requestId: string
  /** Unix milliseconds. */
  readonly timeMs: number
  /** For the write there are only points that match it. */
  readonly rowRule: vectron.Filter | undefined
  readonly key: WriteKey | undefined
}

interface WriteKey {
  /** What the caller gave, behind what keeps it apart from the keys of others. */
  readonly text: string
  /** Of the request. */
  readonly fingerprint: Uint8Array
}

/** One command of a write to a shard. */
export type WriteStep = 'write' | 'moved' | 'claim'

const KEY_HEADER = 'idempotency-key'
const FINGERPRINT_BYTES = 16

/**
 * @param isStreamed one of many requests of a call, which share its headers
 * @throws VectronError INVALID_ARGUMENT
 */
export function takeHead<S extends DescMessage>(
  clock: Clock,
  call: CallContext,
  taken: {
    readonly schema: S
    readonly request: MessageShape<S> & { readonly requestId: string }
    readonly isStreamed?: boolean
  },
): WriteHead {
  const { schema, request, isStreamed = false } = taken
  const text = takeKey(request.requestId, isStreamed ? undefined : call.header(KEY_HEADER))
  return {
    requestId: randomUUID(),
    timeMs: clock.nowMs(),
    rowRule: rowRuleOf(call),
    key:
      text === undefined
        ? undefined
        : {
            text: `${digest(call.principal?.rowRule ?? '').toString('hex')}/${text}`,
            fingerprint: digest(schema.typeName, toBinary(schema, { ...request, requestId: '' })),
          },
  }
}

/** Of the command of one shard. */
export function partOf(head: WriteHead, shard: ShardId, step: WriteStep = 'write'): CommandHead {
  const { requestId, timeMs, rowRule, key } = head
  if (key === undefined) return { requestId: `${requestId}/${shard}/${step}`, timeMs, rowRule }
  const { text, fingerprint } = key
  return { requestId: '', timeMs, rowRule, key: { text: `${step}/${text}`, fingerprint } }
}

/**
 * Notes the key of a write to several shards before its first command.
 *
 * @throws VectronError IDEMPOTENCY_KEY_REUSED
 */
export async function claimKey(
  router: Router,
  write: {
    readonly collection: string
    readonly head: WriteHead
    readonly deadline: Deadline
  },
): Promise<void> {
  const { collection, head, deadline } = write
  const { key } = head
  if (key === undefined || (await router.route(collection)).shards.length === 1) return
  await writeItems(router, {
    collection,
    items: [key.text],
    shardOf: shardOfId,
    encode: (_, shard) => encodeCommand(partOf(head, shard, 'claim'), { case: undefined }),
    deadline,
  })
}

function takeKey(field: string, header: string | undefined): string | undefined {
  // The header's draft makes it a quoted string; many send it bare.
  const sent = header?.replace(/^"(.*)"$/, '$1') ?? ''
  if (field !== '' && sent !== '' && field !== sent) {
    throw refusal(`requestId is "${field}" and the header Idempotency-Key "${sent}"; send one.`)
  }
  const text = field === '' ? sent : field
  const bytes = Buffer.byteLength(text)
  if (bytes > LIMITS.idempotencyKeyBytesMax) {
    const limit = `${LIMITS.idempotencyKeyBytesMax}`
    throw refusal(`requestId has ${bytes} bytes; the limit is ${limit}.`)
  }
  return text === '' ? undefined : text
}

function refusal(message: string): VectronError {
  return new VectronError('INVALID_ARGUMENT', message, { field: 'requestId' })
}

function digest(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest().subarray(0, FINGERPRINT_BYTES)
}
