// The part of etcd's API that the credential store uses.
export * from './gen/etcd/v3/etcd_pb.js'
