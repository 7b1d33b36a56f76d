/**
 * Speaks one request to a Vectron over HTTP as its OpenAPI document says, or over gRPC.
 */
import type { DescMessage, DescMethod, Message } from '@bufbuild/protobuf'
import { PUBLIC_SERVICES } from '@vectron/contracts'
import { formatMessage, type GrpcChannel, type OpenApiDocument, parseMessage } from '@vectron/rpc'
import type { Json } from './exchanges.ts'

/** One operation of the document with where it stands. */
export interface DocumentedOperation {
  readonly id: string
  readonly path: string
  readonly verb: string
  readonly parameters: readonly { readonly name: string; readonly in: string }[]
  readonly hasBody: boolean
  readonly streamsIn: boolean
  readonly streamsOut: boolean
}

export function operationsOf(document: OpenApiDocument): DocumentedOperation[] {
  return Object.entries(document.paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => ({
      id: operation.operationId,
      path,
      verb,
      parameters: operation.parameters ?? [],
      hasBody: operation.requestBody !== undefined,
      streamsIn: hasContent(operation.requestBody, 'application/x-ndjson'),
      streamsOut: hasContent(operation.responses['200'], 'application/x-ndjson'),
    })),
  )
}

/** Whether the authenticator answers it, which the gateway passes on. */
export function isOfAuth({ path }: DocumentedOperation): boolean {
  return path.startsWith('/v1/auth/')
}

function hasContent(described: unknown, type: string): boolean {
  return type in ((described as { content?: object } | undefined)?.content ?? {})
}

export interface HttpTarget {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Sends requests (one, unless the operation streams) as the document describes them. */
export function askHttp(
  target: HttpTarget,
  operation: DocumentedOperation,
  requests: readonly Json[],
): Promise<Response> {
  const [first = {}] = requests
  const all = { ...(first as Record<string, Json>) }
  let path = operation.path
  const query = new URLSearchParams()
  for (const { name, in: place } of operation.parameters) {
    // Variables of paths stand in the document as in the proto: `worker_id`.
    const field = name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
    const value = all[field]
    delete all[field]
    if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(String(value)))
    else if (value !== undefined) query.set(name, String(value))
  }
  const body = operation.streamsIn
    ? requests.map((each) => `${JSON.stringify(each)}\n`).join('')
    : JSON.stringify(all)
  const contentType = operation.streamsIn ? 'application/x-ndjson' : 'application/json'
  return fetch(`${target.url}${path}${query.size > 0 ? `?${query}` : ''}`, {
    method: operation.verb.toUpperCase(),
    headers: { ...target.headers, ...(operation.hasBody ? { 'content-type': contentType } : {}) },
    ...(operation.hasBody ? { body } : {}),
  })
}

/** The public method of an operation. */
export function methodOf(operation: string): DescMethod {
  const methods = PUBLIC_SERVICES.flatMap((service) => service.methods)
  const method = methods.find((each) => each.localName === operation)
  if (method === undefined) throw new Error(`no service has the method ${operation}`)
  return method
}

type CallOne = (request: Message) => Promise<Message>
type CallMany = (request: Message) => AsyncIterable<Message>
type CallStream = (requests: AsyncIterable<Message>) => AsyncIterable<Message>

/** Sends requests over gRPC; the answers as the JSON that HTTP would have given. */
export async function askGrpc(
  channel: GrpcChannel,
  operation: string,
  requests: readonly Json[],
): Promise<unknown[]> {
  const method = methodOf(operation)
  const messages = requests.map((each) => parseMessage(method.input, JSON.stringify(each)))
  const [only] = messages
  const call = (channel.client(method.parent) as Record<string, unknown>)[method.localName]
  switch (method.methodKind) {
    case 'unary':
      return [toJson(method.output, await (call as CallOne)(only as Message))]
    case 'server_streaming':
      return collect(method.output, (call as CallMany)(only as Message))
    case 'bidi_streaming':
      return collect(method.output, (call as CallStream)(each(messages)))
    case 'client_streaming':
      throw new Error('the API has no such method')
  }
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

async function collect(desc: DescMessage, answers: AsyncIterable<Message>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const answer of answers) all.push(toJson(desc, answer))
  return all
}

function toJson(desc: DescMessage, message: Message): unknown {
  return JSON.parse(formatMessage(desc, message as never))
}
