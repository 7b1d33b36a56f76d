/** Replica host: Raft groups on one log, one transport and one clock. See DESIGN.md. */
export type { ReleaseRule } from './drive.ts'
export { HOST_LIMITS, type HostLimits } from './host-limits.ts'
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
export {
  type Carry,
  FrameGate,
  InProcessNetwork,
  type NodeIdentity,
  type RaftFrame,
  type Receive,
  type Transport,
} from './transport.ts'
