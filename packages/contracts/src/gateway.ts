// What gateways keep for each other.
export * from './gen/gateway/v1/cache_pb.js'
