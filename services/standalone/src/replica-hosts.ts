/**
 * Opens a replica host on a folder: a Raft core and a log with the limits of the product.
 */

import { join } from 'node:path'
import { type Clock, LIMITS, type Logger, type Random } from '@vectron/base'
import { createRaftCore, openRaftLog } from '@vectron/native'
import { ReplicaHost } from '@vectron/raft'

export interface HostOptions {
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}
