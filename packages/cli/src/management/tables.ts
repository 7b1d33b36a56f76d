/** How members, workers, shards, operators and events of a cluster stand in tables. */
import type {
  ClusterEvent,
  Operator,
  PlacementMemberInfo,
  ShardInfo,
  ShardReplica,
  SlowQuery,
  WorkerInfo,
} from '@vectron/client'
import type { Column } from '../output.ts'
import { formatCount } from '../progress-bar.ts'
import { progressLine } from './follow.ts'

export const MEMBER_COLUMNS: readonly Column<PlacementMemberInfo>[] = [
  { title: 'member', text: ({ memberId }) => String(memberId), align: 'right' },
  { title: 'address', text: ({ address }) => address },
  { title: 'role', text: ({ leader }) => (leader ? 'leader' : 'follower') },
  { title: 'log', text: ({ matchIndex }) => String(matchIndex), align: 'right' },
]

export const WORKER_COLUMNS: readonly Column<WorkerInfo>[] = [
  { title: 'worker', text: ({ workerId }) => String(workerId), align: 'right' },
  { title: 'state', text: ({ state }) => state },
  { title: 'zone', text: ({ zone }) => zone },
  { title: 'address', text: ({ address }) => address },
  { title: 'replicas', text: ({ replicas }) => formatCount(replicas), align: 'right' },
  { title: 'leaders', text: ({ leaders }) => formatCount(leaders), align: 'right' },
  { title: 'data', text: ({ replicaBytes }) => formatBytes(replicaBytes), align: 'right' },
  { title: 'free', text: ({ diskFreeBytes }) => formatBytes(diskFreeBytes), align: 'right' },
  { title: 'heartbeat', text: ({ lastHeartbeat }) => lastHeartbeat },
]

export const SHARD_COLUMNS: readonly Column<ShardInfo>[] = [
  { title: 'shard', text: ({ shardId }) => String(shardId), align: 'right' },
  { title: 'collection', text: ({ collection }) => collection },
  { title: 'from', text: ({ rangeStart }) => rangeStart },
  {
    title: 'epoch',
    text: ({ membershipVersion, rangeVersion, changing }) =>
      `${membershipVersion}.${rangeVersion}${changing ? '…' : ''}`,
  },
  { title: 'leader', text: leaderText, align: 'right' },
  { title: 'points', text: (shard) => formatCount(pointsOf(shard)), align: 'right' },
  { title: 'replicas', text: ({ replicas }) => replicas.map(replicaText).join(', ') },
  { title: 'problems', text: ({ problems }) => problems.join('; ') },
]

export const SLOW_QUERY_COLUMNS: readonly Column<SlowQuery>[] = [
  { title: 'time', text: ({ time }) => time },
  { title: 'ms', text: ({ tookUs }) => (tookUs / 1000).toFixed(1), align: 'right' },
  { title: 'method', text: ({ method }) => method },
  { title: 'collection', text: ({ collection }) => collection },
  { title: 'outcome', text: ({ outcome }) => outcome },
  { title: 'shape', text: shapeText },
  { title: 'stages', text: ({ stages }) => stages.map(stageText).join(', ') },
  { title: 'request', text: ({ requestId }) => requestId },
]

export const OPERATOR_COLUMNS: readonly Column<Operator>[] = [
  { title: 'operator', text: ({ operatorId }) => String(operatorId), align: 'right' },
  { title: 'state', text: ({ state }) => state },
  { title: 'begun', text: ({ createTime }) => createTime },
  { title: 'what', text: (operator) => progressLine(operator) },
  { title: 'why', text: ({ reason }) => reason },
]

export const EVENT_COLUMNS: readonly Column<ClusterEvent>[] = [
  { title: 'event', text: ({ eventId }) => String(eventId), align: 'right' },
  { title: 'time', text: ({ time }) => time },
  { title: 'what', text: ({ text }) => text },
]

function leaderText({ leaderWorkerId }: ShardInfo): string {
  return String(leaderWorkerId) === '0' ? 'none' : String(leaderWorkerId)
}

function pointsOf({ replicas }: ShardInfo): number {
  return Math.max(0, ...replicas.map(({ pointsCount }) => pointsCount))
}

/** `12@3`: replica 12 on worker 3; then its role unless it votes, its state unless it is ready. */
function replicaText({ replicaId, workerId, role, leaving, state, lag }: ShardReplica): string {
  const notes = [
    ...(role === 'learner' || role === 'search-only' ? [role] : []),
    ...(leaving ? ['leaving'] : []),
    ...(state === 'ready' ? [] : [state]),
    ...(lag > 0 ? [`${formatCount(lag)} behind`] : []),
  ]
  return `${replicaId}@${workerId}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`
}

/** `4.2 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`
}

/** `3 by vector, top 10, {"must":[...]}` */
function shapeText({ target, count, topK, filter }: SlowQuery): string {
  const number = count === 1 ? '' : `${count} `
  const parts = [`${number}${target === '' ? '' : `by ${target}`}`, topK > 0 ? `top ${topK}` : '']
  return [...parts, filter].filter((part) => part !== '').join(', ')
}

function stageText({ name, tookUs }: SlowQuery['stages'][number]): string {
  return `${name} ${(tookUs / 1000).toFixed(1)} ms`
}
