// The proto package wire.v1: shadows of public messages whose hot fields are bytes.
export * from './gen/wire/v1/wire_pb.js'
