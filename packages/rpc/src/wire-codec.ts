/**
 * Messages to bytes and back, with failures that name their reason.
 */
import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf'
import { VectronError } from '@vectron/base'

type AnyMessage = MessageShape<DescMessage>

// Fields that we do not know are dropped at once: nothing here forwards a message by re-encoding
// it.
const readOptions = { readUnknownFields: false }

/** Decodes what a caller sent. Throws INVALID_PROTOBUF or INVALID_UTF8. */
export function decodeRequest(schema: DescMessage, bytes: Uint8Array): AnyMessage {
  try {
    return fromBinary(schema, bytes, readOptions)
  } catch (cause) {
    throw invalidBytes(schema, cause)
  }
}

/** Decodes what a server answered. */
export function decodeResponse(schema: DescMessage, bytes: Uint8Array): AnyMessage {
  return fromBinary(schema, bytes, readOptions)
}

/** Encodes a message as a Buffer that shares the encoder's memory. */
export function encodeMessage(schema: DescMessage, message: AnyMessage): Buffer {
  const bytes = toBinary(schema, message, { writeUnknownFields: false })
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function invalidBytes(schema: DescMessage, cause: unknown): VectronError {
  const message = cause instanceof Error ? cause.message : String(cause)
  // TextDecoder in fatal mode; protobuf-es decodes strings with it.
  if (
    cause instanceof Error &&
    'code' in cause &&
    cause.code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
  ) {
    return new VectronError('INVALID_UTF8', `A string of ${schema.typeName} is not valid UTF-8.`, {
      cause,
    })
  }
  return new VectronError('INVALID_PROTOBUF', `This is no ${schema.typeName}: ${message}.`, {
    cause,
  })
}
