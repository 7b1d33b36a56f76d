// The only door to the generated code. One namespace for each proto package, because packages share
// names: `vectron.SearchRequest` is the public message, `engine.SearchRequest` the engine's.
//
// For a message M: the type `M`, the descriptor `MSchema` for create(), toBinary() and fromBinary()
// of @bufbuild/protobuf. For a service S: its descriptor `S`. 64-bit integers are bigint.

export * as auth from './auth.ts'
export { checkFilter, takeEncodedFilter, takeFilter } from './check-filter.ts'
export * as engine from './engine.ts'
export * as etcd from './etcd.ts'
export * as gateway from './gateway.ts'
export * as google from './google.ts'
export * as grpcHealth from './grpc-health.ts'
export * as grpcReflection from './grpc-reflection.ts'
export * as grpcReflectionAlpha from './grpc-reflection-alpha.ts'
export * as placement from './placement.ts'
export { publicFileSet } from './public-file-set.ts'
export { PUBLIC_SERVICES } from './public-services.ts'
export * as raft from './raft.ts'
export * as rerank from './rerank.ts'
export { CALLER_ADDRESS_HEADER, DEFAULT_PROJECT, PROJECT_HEADER } from './shared-names.ts'
export { encodeVector, parseVector } from './vector-bytes.ts'
export * as vectron from './vectron.ts'
export * as wire from './wire.ts'
export * as worker from './worker.ts'
