// The proto package placement.v1: metadata of the cluster.

export * from './gen/placement/v1/catalog_pb.js'
export * from './gen/placement/v1/placement_pb.js'
