/**
 * Messages as the JSON text that the HTTP API speaks, for callers that hold messages: tests, tools.
 */
import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf'
import { jsonToMessage, messageToJson } from './json-codec.ts'
import { planMessage } from './plan.ts'

/** Parses a message as a request body is parsed. */
export function parseMessage<D extends DescMessage>(schema: D, text: string): MessageShape<D> {
  return fromBinary(schema, jsonToMessage(planMessage(schema), Buffer.from(text), new Map()))
}

/** Formats a message as an answer is formatted. */
export function formatMessage<D extends DescMessage>(schema: D, message: MessageShape<D>): string {
  const encoded = toBinary(schema, message)
  const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength)
  return messageToJson(planMessage(schema), bytes).toString()
}
