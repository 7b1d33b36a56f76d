// The proto package vectron.v1: the public API.

export * from './gen/vectron/v1/access_pb.js'
export * from './gen/vectron/v1/cluster_pb.js'
export * from './gen/vectron/v1/collections_pb.js'
export * from './gen/vectron/v1/demo_pb.js'
export * from './gen/vectron/v1/filter_pb.js'
export * from './gen/vectron/v1/options_pb.js'
export * from './gen/vectron/v1/points_pb.js'
export * from './gen/vectron/v1/rerank_pb.js'
export * from './gen/vectron/v1/search_pb.js'
export * from './gen/vectron/v1/vector_pb.js'
