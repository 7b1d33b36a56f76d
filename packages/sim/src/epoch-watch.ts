/**
 * The worker's service, watched: a request that was routed by older members than the replica has is
 * refused.
 *
 * Newer ones may be named: placement decides on members before the group changes to them.
 */
import type { worker } from '@vectron/contracts'
import type { BoundMethod, BoundService } from '@vectron/rpc'
import type { Violations } from './violation.ts'

export interface EpochWatchOptions {
  readonly process: string
  readonly violations: Violations
  /** The membership version that a replica here has; undefined when it is not here. */
  readonly membershipOf: (shard: bigint) => bigint | undefined
  /** Planted bug: every request passes for one of the present epoch. */
  readonly skipsCheck: boolean
}

/** What requests and answers of the worker's methods have between them. */
interface AnyRequest {
  readonly shard?: worker.ShardHeader
  readonly writes?: readonly { readonly shard?: worker.ShardHeader }[]
  readonly shards?: readonly { readonly shard?: worker.ShardHeader }[]
}

interface AnyAnswer {
  readonly answers?: readonly { readonly shardId: bigint; readonly answer: { case?: string } }[]
}

type Handle = (request: AnyRequest, call: never) => Promise<AnyAnswer>

export function watchEpochs(service: BoundService, options: EpochWatchOptions): BoundService {
  const methods = service.methods.map((method): BoundMethod => {
    if (method.handler.kind !== 'unary') return method
    const inner = method.handler.handle as unknown as Handle
    const handle: Handle = (request, call) => watch(request, () => inner(request, call), options)
    return { ...method, handler: { ...method.handler, handle: handle as never } }
  })
  return { ...service, methods }
}

async function watch(
  request: AnyRequest,
  answer: () => Promise<AnyAnswer>,
  { process, violations, membershipOf, skipsCheck }: EpochWatchOptions,
): Promise<AnyAnswer> {
  const headers = headersOf(request)
  const named = headers.map(({ shardId, epoch }) => ({ shardId, named: epoch?.membership ?? 0n }))
  const before = new Map(headers.map(({ shardId }) => [shardId, membershipOf(shardId)]))
  if (skipsCheck) pretend(headers, membershipOf)
  const answered = await answer()
  const failed = failedShards(answered)
  for (const { shardId, named: version } of named) {
    const own = before.get(shardId)
    violations.check(
      own === undefined || version >= own || failed.has(shardId),
      'no request of older members is served',
      () => `${process} answered for shard ${shardId} of members ${version}; it has ${own}`,
    )
  }
  return answered
}

function headersOf({ shard, writes, shards }: AnyRequest): worker.ShardHeader[] {
  const named = [shard, ...[...(writes ?? []), ...(shards ?? [])].map((part) => part.shard)]
  return named.filter((header) => header !== undefined)
}

function failedShards({ answers = [] }: AnyAnswer): ReadonlySet<bigint> {
  const failed = answers.filter(({ answer }) => answer.case === 'failure')
  return new Set(failed.map(({ shardId }) => shardId))
}

function pretend(
  headers: readonly worker.ShardHeader[],
  membershipOf: EpochWatchOptions['membershipOf'],
): void {
  for (const { shardId, epoch } of headers) {
    const own = membershipOf(shardId)
    if (epoch !== undefined && own !== undefined) epoch.membership = own
  }
}
