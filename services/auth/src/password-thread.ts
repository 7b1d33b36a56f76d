/**
 * The thread that hashes passwords, in the background of its process: whatever else has work to do,
 * searches among it, comes first.
 */

import { argon2Sync } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { HashAnswer, HashRequest } from './password-threads.ts'

/** Added to the process's own: a tenth of the weight, so that log-ins go on on a busy machine. */
const NICENESS = 10
const NICENESS_MAX = 19

/** Linux gives each thread a niceness of its own; elsewhere it would be the process's. */
function stepBack(): void {
  if (process.platform !== 'linux') return
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    setPriority(thread, Math.min(NICENESS_MAX, getPriority(thread) + NICENESS))
  } catch {
    // A sandbox that forbids it: passwords are hashed beside all else then.
  }
}

function answer({ number, parameters }: HashRequest): HashAnswer {
  try {
    return { number, hash: argon2Sync('argon2id', parameters) }
  } catch (error) {
    return { number, failure: String(error) }
  }
}

stepBack()
parentPort?.on('message', (request: HashRequest) => parentPort?.postMessage(answer(request)))
