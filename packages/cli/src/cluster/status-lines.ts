/** A cluster at one moment as lines for people. */
import type { ClusterView, NodeView, ShardView } from '@vectron/local-cluster'
import { type Column, tableLines } from '../output.ts'
import type { Terminal } from '../terminal.ts'

const NODE_COLUMNS: readonly Column<NodeView>[] = [
  { title: 'node', text: ({ name }) => name },
  { title: 'process', text: ({ state }) => state },
  { title: 'pid', text: ({ pid }) => String(pid ?? ''), align: 'right' },
  { title: 'role', text: ({ role }) => role },
  { title: 'id', text: ({ workerId }) => String(workerId ?? ''), align: 'right' },
  { title: 'leaders', text: ({ leaders }) => String(leaders ?? ''), align: 'right' },
  { title: 'replicas', text: ({ replicas }) => String(replicas ?? ''), align: 'right' },
  { title: 'address', text: ({ address }) => address },
]

const SHARD_COLUMNS: readonly Column<ShardView>[] = [
  { title: 'shard', text: ({ shardId }) => String(shardId), align: 'right' },
  { title: 'collection', text: ({ collection }) => collection },
  { title: 'leader', text: ({ leader }) => leader ?? '(none)' },
  { title: 'version', text: (shard) => String(shard.membershipVersion), align: 'right' },
  { title: 'entries', text: ({ lastIndex }) => String(lastIndex), align: 'right' },
  { title: 'replicas', text: ({ replicas }) => replicas.map(replicaText).join('  ') },
]

/** At most `rows` lines, when given: of many shards those without a leader come first. */
export function statusLines(view: ClusterView, terminal: Terminal, rows?: number): string[] {
  const before = tableLines(view.nodes, NODE_COLUMNS, terminal)
  const after = [...operatorLines(view), ...problemLines(view, terminal)]
  const room = rows === undefined ? Infinity : Math.max(1, rows - before.length - after.length - 3)
  return [...before, '', ...shardLines(view.shards, room, terminal), ...after]
}

function shardLines(shards: readonly ShardView[], room: number, terminal: Terminal): string[] {
  if (shards.length === 0) return [terminal.dim('no shards')]
  const urgentFirst = [...shards].sort((a, b) => urgency(b) - urgency(a) || a.shardId - b.shardId)
  const shown = urgentFirst.slice(0, room)
  const lines = tableLines(shown, SHARD_COLUMNS, terminal)
  const left = shards.length - shown.length
  return left === 0 ? lines : [...lines, terminal.dim(`... and ${left} more shards`)]
}

function urgency({ leader, replicas }: ShardView): number {
  if (leader === undefined) return 2
  const isMoving = ({ role }: ShardView['replicas'][number]) =>
    role === 'learner' || role === 'leaving'
  return replicas.some(isMoving) ? 1 : 0
}

/** `*worker-1  worker-2 (lag 12)  worker-3 (learner, receiving snapshot)` */
function replicaText({ node, role, lag, trouble }: ShardView['replicas'][number]): string {
  const remarks = [
    ...(role === 'leader' || role === 'follower' ? [] : [role]),
    ...(lag === undefined || lag === 0 ? [] : [`lag ${lag}`]),
    ...(trouble === '' ? [] : [trouble]),
  ]
  const name = role === 'leader' ? `*${node}` : node
  return remarks.length === 0 ? name : `${name} (${remarks.join(', ')})`
}

function operatorLines({ operators }: ClusterView): string[] {
  return operators.map(
    ({ kind, shardId, step, reason }) =>
      `${kind.replaceAll('_', ' ')} of shard ${shardId}: ${step} (${reason})`,
  )
}

function problemLines({ problems }: ClusterView, terminal: Terminal): string[] {
  return problems.map((problem) => terminal.red(problem))
}
