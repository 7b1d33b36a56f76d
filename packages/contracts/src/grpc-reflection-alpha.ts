// The proto package grpc.reflection.v1alpha, which older tools still ask for.
export * from './gen/grpc/reflection/v1alpha/reflection_pb.js'
