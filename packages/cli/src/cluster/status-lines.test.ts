import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterView } from '@vectron/local-cluster'
import type { Terminal } from '../terminal.ts'
import { statusLines } from './status-lines.ts'

const same = (text: string) => text
const terminal = { bold: same, dim: same, red: same, isOutTerminal: false, columns: 80 } as Terminal

type Replica = ClusterView['shards'][number]['replicas'][number]

const replica = (node: string, role: Replica['role'], lag = 0, trouble = ''): Replica => ({
  node,
  role,
  lag,
  trouble,
})

const shard = (shardId: number, leader?: string) => ({
  shardId,
  collection: 'c',
  leader,
  replicas: [
    replica('worker-1', leader === undefined ? 'follower' : 'leader'),
    replica('worker-2', 'follower', 12),
    replica('worker-3', 'learner', 3, 'receiving snapshot'),
    replica('worker-4', 'search-only'),
  ],
  membershipVersion: 2,
  lastIndex: 100,
})

const view: ClusterView = {
  nodes: [
    {
      name: 'worker-1',
      service: 'worker',
      state: 'up',
      pid: 71,
      address: '127.0.0.1:6200',
      admin: '',
      role: 'up',
      workerId: 3,
      replicas: 2,
      leaders: 1,
    },
  ],
  shards: [shard(1, 'worker-1'), shard(2, 'worker-1'), shard(3)],
  operators: [
    {
      operatorId: 1,
      kind: 'add_replica',
      shardId: 2,
      reason: 'too few replicas',
      state: 'running',
      step: 'add learner 9 on worker 3',
    },
  ],
  problems: ['shard 3 has no leader'],
}

test('a status is two tables, then what is being moved and what is wrong', () => {
  const others =
    'worker-2 (lag 12)  worker-3 (learner, lag 3, receiving snapshot)  worker-4 (search-only)'
  assert.deepEqual(statusLines(view, terminal), [
    'NODE      PROCESS  PID  ROLE  ID  LEADERS  REPLICAS  ADDRESS',
    'worker-1  up        71  up     3        1         2  127.0.0.1:6200',
    '',
    'SHARD  COLLECTION  LEADER    VERSION  ENTRIES  REPLICAS',
    `    3  c           (none)          2      100  worker-1  ${others}`,
    `    1  c           worker-1        2      100  *worker-1  ${others}`,
    `    2  c           worker-1        2      100  *worker-1  ${others}`,
    'add replica of shard 2: add learner 9 on worker 3 (too few replicas)',
    'shard 3 has no leader',
  ])
})

test('a low screen shows the shards that need somebody first, and how many it leaves out', () => {
  const lines = statusLines(view, terminal, 9)
  assert.equal(lines.length, 9)
  assert.match(lines[4] ?? '', /^ {4}3 /)
  assert.ok(lines.includes('... and 1 more shards'))
})
