// The proto package auth.v1: the authenticator.

export * from './gen/auth/v1/accounts_pb.js'
export * from './gen/auth/v1/auth_pb.js'
