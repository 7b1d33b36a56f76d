// The proto package raft.v1: records of the Raft log.
export * from './gen/raft/v1/log_pb.js'
export * from './gen/raft/v1/peer_pb.js'
