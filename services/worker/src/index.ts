/** The worker: hosts shard replicas and serves them to gateways. */

export { readIdentity, type WorkerIdentity } from './identity.ts'
export { openWorker, type RunningWorker, type WorkerOptions } from './open-worker.ts'
export { PeerDirectory } from './peer-directory.ts'
export { type RegisterOptions, registerWorker } from './register-worker.ts'
