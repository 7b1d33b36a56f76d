// The proto package rerank.v1: what gateways ask of the reranker.
export * from './gen/rerank/v1/rerank_pb.js'
