/** Replica host: Raft groups on one log, one transport and one clock. See DESIGN.md. */
export {
  type BytesReceiverOptions,
  type BytesSnapshotOptions,
  createBytesReceiver,
  createBytesSnapshot,
} from './bytes-snapshot.ts'
export type { ReleaseRule } from './drive.ts'
export { CORE_LIMITS, HOST_LIMITS, type HostLimits } from './host-limits.ts'
export type { GroupView } from './hosted-group.ts'
export { type Carry, InProcessNetwork, type Link } from './in-process-network.ts'
export type { MemberChange } from './member-change.ts'
export { PeerCredentials, type TlsFiles } from './peer/peer-credentials.ts'
export { PEER_LIMITS, type PeerLimits } from './peer/peer-limits.ts'
export { PeerTransport, type PeerTransportOptions } from './peer/peer-transport.ts'
export type { Proposed } from './proposals.ts'
export {
  type GroupMember,
  type GroupOptions,
  type ProposeOptions,
  type ReadBarrierCall,
  ReplicaHost,
  type ReplicaHostOptions,
} from './replica-host.ts'
export type { StateMachine } from './state-machine.ts'
export type {
  SnapshotFile,
  SnapshotManifest,
  SnapshotReceiver,
  StateSnapshot,
} from './state-snapshot.ts'
export { chooseSuccessor } from './successor.ts'
export {
  type FetchDoneCall,
  type FetchFileCall,
  FrameGate,
  type GroupPlace,
  type NodeIdentity,
  type RaftFrame,
  type SnapshotDone,
  type SnapshotKey,
  type Transport,
  type TransportReceiver,
} from './transport.ts'
