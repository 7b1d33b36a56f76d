// The proto package engine.v1: commands, queries and results of the native engine.
export * from './gen/engine/v1/engine_pb.js'
