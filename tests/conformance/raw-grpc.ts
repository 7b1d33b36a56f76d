/**
 * Sends bytes as a gRPC message, whatever they are: what a broken client might send.
 */

import { fromBinary } from '@bufbuild/protobuf'
import { anyUnpack } from '@bufbuild/protobuf/wkt'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { GRPC_CODES, isErrorReason, VectronError } from '@vectron/base'
import { google } from '@vectron/contracts'

export interface RawCall {
  readonly address: string
  /** `/package.Service/Method`. */
  readonly path: string
  readonly key: string
}

/** Settles when the call does; rejects with the error of its status details. */
export async function callBytes(call: RawCall, bytes: Buffer): Promise<void> {
  const client = new Client(call.address, credentials.createInsecure())
  const metadata = new Metadata()
  metadata.set('x-api-key', call.key)
  const asIs = (each: Buffer) => each
  try {
    await new Promise<void>((resolve, reject) => {
      client.makeUnaryRequest(call.path, asIs, asIs, bytes, metadata, (error) => {
        if (error === null) resolve()
        else reject(toError(error.metadata.get('grpc-status-details-bin')[0], error))
      })
    })
  } finally {
    client.close()
  }
}

function toError(details: unknown, failed: { code: number; details: string }): Error {
  if (!(details instanceof Buffer)) return new Error(`${failed.code}: ${failed.details}`)
  const status = fromBinary(google.StatusSchema, details)
  const infos = status.details.map((any) => anyUnpack(any, google.ErrorInfoSchema))
  const reason = infos.find((info) => info !== undefined)?.reason ?? ''
  if (!isErrorReason(reason)) return new Error(`unknown reason "${reason}"`)
  const error = new VectronError(reason, status.message)
  if (GRPC_CODES[error.row.grpc] === failed.code) return error
  return new Error(`${reason} came with the code ${failed.code}`)
}
