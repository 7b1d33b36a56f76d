// The proto package worker.v1: the data plane of a worker.
export * from './gen/worker/v1/worker_pb.js'
