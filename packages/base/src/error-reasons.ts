/**
 * The one table of reasons: every way a request can fail, as the caller sees it.
 *
 * Owns the mapping from a reason to HTTP status, gRPC code, retry rule and advice. docs/ERRORS.md
 * lists the same rows and a test compares them. A reason is part of the public API: its name and
 * meaning never change. Leaves the wire form (problem+json, google.rpc.Status) to packages/rpc.
 */

/** Codes of gRPC (google.rpc.Code), by number. */
export const GRPC_CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

export type GrpcCodeName = keyof typeof GRPC_CODES

/**
 * Whether the same request may be sent again.
 *
 * - `no`: the answer will be the same; change the request first.
 * - `yes`: nothing was done; send it again after a pause.
 * - `if-idempotent`: it may have been done; send again only what is safe twice, such as an upsert.
 */
export type Retry = 'no' | 'yes' | 'if-idempotent'

/** One row of the table. */
export interface ReasonRow {
  readonly http: number
  readonly grpc: GrpcCodeName
  readonly retry: Retry
  /** What happened, in a few words; the same for every error of this reason. */
  readonly title: string
  /** What the caller does next. */
  readonly action: string
}

const badRequest = (title: string, action: string): ReasonRow => ({
  http: 400,
  grpc: 'INVALID_ARGUMENT',
  retry: 'no',
  title,
  action,
})

const notFound = (title: string, action: string): ReasonRow => ({
  http: 404,
  grpc: 'NOT_FOUND',
  retry: 'no',
  title,
  action,
})

const unauthenticated = (title: string, action: string): ReasonRow => ({
  http: 401,
  grpc: 'UNAUTHENTICATED',
  retry: 'no',
  title,
  action,
})

const unavailable = (title: string, action: string): ReasonRow => ({
  http: 503,
  grpc: 'UNAVAILABLE',
  retry: 'yes',
  title,
  action,
})

/** Every reason, in the order of docs/ERRORS.md. */
export const REASONS = {
  // What the caller wrote: the shape of the request.
  INVALID_ARGUMENT: badRequest(
    'The request is not valid',
    'Correct the field that the message names.',
  ),
  INVALID_JSON: badRequest(
    'The body is not valid JSON',
    'Send one JSON value; the message gives the position of the first mistake.',
  ),
  JSON_TOO_DEEP: badRequest(
    'The JSON is nested too deeply',
    'Flatten the value; the message gives the limit.',
  ),
  INVALID_UTF8: badRequest('Text is not valid UTF-8', 'Encode the text as UTF-8.'),
  INVALID_PROTOBUF: badRequest(
    'The message is not valid protobuf',
    'Encode the request with the published proto files.',
  ),
  UNKNOWN_FIELD: badRequest(
    'The request has a field that does not exist',
    'Remove the field, or use the name that the message suggests.',
  ),
  MISSING_FIELD: badRequest('A required field is missing', 'Set the field that the message names.'),
  FIELD_TYPE_MISMATCH: badRequest(
    'A field of the request has the wrong type',
    'Send the type that the message names.',
  ),
  INVALID_NAME: badRequest(
    'The name is not valid',
    'Use 1 to 128 of a-z, 0-9, "-" and "_", starting with a letter or digit.',
  ),
  INVALID_ID: badRequest('The point id is not valid', 'Use 1 to 512 bytes of UTF-8.'),
  INVALID_PAGE_TOKEN: badRequest(
    'The page token is not valid',
    'Send a token from the previous page unchanged, with the same request; or start again.',
  ),
  INVALID_SESSION_TOKEN: badRequest(
    'The session token is not valid',
    'Send a token from a write to this collection unchanged.',
  ),

  // What the caller wrote: vectors, batches, searches.
  INVALID_VECTOR: badRequest(
    'The vector is not valid',
    'Send an array of numbers, or base64 of little-endian f32.',
  ),
  WRONG_DIMENSION: badRequest(
    'The vector has the wrong number of components',
    'Send as many components as the collection has dimensions.',
  ),
  NOT_FINITE: badRequest(
    'A component of the vector is NaN or infinite',
    'Send finite numbers only.',
  ),
  ZERO_VECTOR: badRequest(
    'The vector has no direction',
    'With the cosine metric, send a vector with at least one component other than 0.',
  ),
  EMPTY_BATCH: badRequest('The batch is empty', 'Send at least one item.'),
  BATCH_TOO_LARGE: badRequest(
    'The batch has too many items',
    'Send several smaller batches; the message gives the limit.',
  ),
  TOP_K_OUT_OF_RANGE: badRequest(
    'The number of results asked for is out of range',
    'Set topK between 1 and 10,000.',
  ),
  PAGE_SIZE_OUT_OF_RANGE: badRequest(
    'The page size is out of range',
    'Set pageSize within the limits that the message gives.',
  ),
  NO_EMBEDDER: badRequest(
    'The collection cannot turn text into vectors',
    'Send a vector, or create the collection with an embedder.',
  ),
  TEXT_NOT_UNDERSTOOD: badRequest(
    'The embedder knows no word of the text',
    'Use other words, or send a vector.',
  ),

  // What the caller wrote: payloads and filters.
  INVALID_PAYLOAD: badRequest(
    'The payload is not valid',
    'Send one JSON object within the limits that the message gives.',
  ),
  PAYLOAD_TYPE_MISMATCH: badRequest(
    'A payload field does not have its declared type',
    'Send the type of the payload schema, or store the value under another field.',
  ),
  INVALID_FILTER: badRequest(
    'The filter is not valid',
    'Correct the condition that the message names.',
  ),
  UNKNOWN_FILTER_FIELD: badRequest(
    'The filter names a payload field that no point has',
    'Use the field that the message suggests, or declare the field in the payload schema.',
  ),
  FILTER_TYPE_MISMATCH: badRequest(
    'The filter compares a field with a value of another type',
    'Compare with a value of the type that the message names.',
  ),
  SCHEMA_CONFLICT: badRequest(
    'The payload schema cannot change like this',
    'Add new fields only; the type of a declared field never changes.',
  ),

  // Size and form of the call.
  BODY_TOO_LARGE: {
    http: 413,
    grpc: 'INVALID_ARGUMENT',
    retry: 'no',
    title: 'The request is too large',
    action: 'Send smaller batches; the message gives the limit in bytes.',
  },
  REQUEST_TOO_SLOW: {
    http: 408,
    grpc: 'DEADLINE_EXCEEDED',
    retry: 'yes',
    title: 'The request arrives too slowly',
    action: 'Send it again over a better line, or in smaller parts; the message gives the limit.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    http: 415,
    grpc: 'INVALID_ARGUMENT',
    retry: 'no',
    title: 'The content type is not supported',
    action: 'Send application/json, or application/x-ndjson for streams.',
  },
  ROUTE_NOT_FOUND: {
    http: 404,
    grpc: 'UNIMPLEMENTED',
    retry: 'no',
    title: 'There is no such route',
    action: 'Use a route of /openapi.json; the message names the nearest one.',
  },
  METHOD_NOT_ALLOWED: {
    http: 405,
    grpc: 'UNIMPLEMENTED',
    retry: 'no',
    title: 'The route does not take this HTTP method',
    action: 'Use a method of the Allow header.',
  },
  UNIMPLEMENTED: {
    http: 501,
    grpc: 'UNIMPLEMENTED',
    retry: 'no',
    title: 'This is not supported',
    action: 'Leave the feature out, or use a newer server.',
  },

  // What the request names.
  COLLECTION_NOT_FOUND: notFound(
    'There is no such collection',
    'Create the collection, or use a name from GET /v1/collections.',
  ),
  ALIAS_NOT_FOUND: notFound(
    'There is no such alias',
    'Create the alias, or use one from GET /v1/aliases.',
  ),
  POINT_NOT_FOUND: notFound('There is no such point', 'Use the id of a point that exists.'),
  SHARD_NOT_FOUND: notFound(
    'There is no such shard on this worker',
    'Fetch the routing again. Clients of the public API never see this.',
  ),
  WORKER_NOT_FOUND: notFound(
    'There is no such worker',
    'Use the id of a worker from GET /v1/cluster/workers.',
  ),
  RERANK_PRESET_NOT_FOUND: notFound(
    'The collection has no such rerank preset',
    'List the rerank presets of the collection.',
  ),
  OPERATOR_NOT_FOUND: notFound(
    'There is no such operator',
    'List the operators again; the last ones that ended are kept for a while.',
  ),
  COLLECTION_EXISTS: {
    http: 409,
    grpc: 'ALREADY_EXISTS',
    retry: 'no',
    title: 'A collection of this name exists',
    action: 'Use another name, or delete the collection first.',
  },
  ALIAS_EXISTS: {
    http: 409,
    grpc: 'ALREADY_EXISTS',
    retry: 'no',
    title: 'An alias of this name exists',
    action: 'Use another name; to point an alias elsewhere, switch it.',
  },
  COLLECTION_HAS_ALIAS: {
    http: 409,
    grpc: 'FAILED_PRECONDITION',
    retry: 'no',
    title: 'An alias points to the collection',
    action: 'Switch the aliases that the message names to another collection, or delete them.',
  },
  CONFLICT: {
    http: 409,
    grpc: 'ABORTED',
    retry: 'no',
    title: 'The request conflicts with a change made meanwhile',
    action: 'Read the current state and decide again.',
  },
  VERSION_MISMATCH: {
    http: 409,
    grpc: 'ABORTED',
    retry: 'no',
    title: 'The point has another version than the write expects',
    action: 'Read the point and decide again; the message gives the version that it has.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    http: 422,
    grpc: 'FAILED_PRECONDITION',
    retry: 'no',
    title: 'The request id was used for another request',
    action: 'Give each request an id of its own; the same one only to send the same again.',
  },

  // Who asks.
  NO_KEY: unauthenticated(
    'The request has no API key',
    'Send "Authorization: Bearer <key>" or "x-api-key: <key>".',
  ),
  WRONG_KEY: unauthenticated(
    'The API key is not valid',
    'Check the key for typing mistakes; it may have been revoked.',
  ),
  FORBIDDEN: {
    http: 403,
    grpc: 'PERMISSION_DENIED',
    retry: 'no',
    title: 'The API key may not do this',
    action: 'Use a key with the permission that the message names.',
  },
  OUTSIDE_ROW_RULE: {
    http: 403,
    grpc: 'PERMISSION_DENIED',
    retry: 'no',
    title: 'The write is about a point outside the row rule of the API key',
    action: 'Write only points that match the rule, under ids of their own; or use another key.',
  },

  UNTRUSTED_PROCESS: {
    http: 503,
    grpc: 'UNAUTHENTICATED',
    retry: 'no',
    title: 'The caller is no process of this cluster',
    action:
      'Give all processes certificates of one authority, or one trust.secretFile. ' +
      'Clients of the public API see this only while a cluster is set up wrongly.',
  },
  KEY_NOT_FOUND: notFound('The project has no such API key', 'List the keys of the project.'),
  PLAN_LIMIT: {
    http: 429,
    grpc: 'RESOURCE_EXHAUSTED',
    retry: 'no',
    title: "The project's plan does not allow this much",
    action: 'Stay below the limit that the message names, or ask for another plan.',
  },

  // Load and time.
  RATE_LIMITED: {
    http: 429,
    grpc: 'RESOURCE_EXHAUSTED',
    retry: 'yes',
    title: 'Too many requests of this key',
    action: 'Wait for the time in Retry-After.',
  },
  OVERLOADED: {
    http: 429,
    grpc: 'RESOURCE_EXHAUSTED',
    retry: 'yes',
    title: 'The server has too much work queued',
    action: 'Wait for the time in Retry-After, then send more slowly.',
  },
  DEADLINE_EXCEEDED: {
    http: 504,
    grpc: 'DEADLINE_EXCEEDED',
    retry: 'if-idempotent',
    title: 'The time allowed ran out',
    action: 'Allow more time, or ask for less.',
  },
  CANCELLED: {
    http: 499,
    grpc: 'CANCELLED',
    retry: 'if-idempotent',
    title: 'The caller ended the request',
    action: 'Nothing, if that was meant.',
  },

  // State of the cluster.
  UNAVAILABLE: unavailable('The service is not available', 'Try again shortly.'),
  SHARD_UNAVAILABLE: unavailable(
    'A shard has no replica that can answer',
    'Try again shortly; GET /v1/cluster/health says what is wrong.',
  ),
  NOT_LEADER: unavailable(
    'The replica is not the leader of its shard',
    'Send to the leader. The gateway does this; clients of the public API never see this.',
  ),
  STALE_EPOCH: {
    http: 409,
    grpc: 'ABORTED',
    retry: 'yes',
    title: 'The caller knows an older routing',
    action: 'Fetch the routing again. The gateway does this; clients never see this.',
  },
  OUTCOME_UNKNOWN: {
    http: 503,
    grpc: 'UNAVAILABLE',
    retry: 'if-idempotent',
    title: 'The write may or may not have been done',
    action: 'Send it again if doing it twice is safe (upserts and deletes are).',
  },
  DISK_FULL: {
    http: 507,
    grpc: 'RESOURCE_EXHAUSTED',
    retry: 'yes',
    title: 'The disk is full',
    action: 'Make room on the disk named in the message. Searches and deletes go on meanwhile.',
  },
  DATA_CORRUPT: {
    http: 500,
    grpc: 'DATA_LOSS',
    retry: 'no',
    title: 'A file is damaged and could not be healed',
    action: 'Restore the file that the message names, or load the collection again.',
  },
  REPLICA_LOST: {
    http: 503,
    grpc: 'UNAVAILABLE',
    retry: 'yes',
    title: 'A replica has lost what it had promised to keep',
    action: 'Nothing: placement replaces the replica. Clients of the public API never see this.',
  },
  // State of a data folder: these stop a process at its start.
  DATA_IN_USE: {
    http: 409,
    grpc: 'FAILED_PRECONDITION',
    retry: 'no',
    title: 'Another process has the data folder open',
    action: 'Stop the other process, or start with another data folder.',
  },
  WRONG_CLUSTER: {
    http: 409,
    grpc: 'FAILED_PRECONDITION',
    retry: 'no',
    title: 'The data belongs to another cluster',
    action: 'Start with the data folder of this cluster, or with an empty one.',
  },
  INCOMPATIBLE_DATA: {
    http: 409,
    grpc: 'FAILED_PRECONDITION',
    retry: 'no',
    title: 'The data was written by a release that this one cannot read',
    action: 'Start the release that wrote it, or one that names its format.',
  },
  INTERNAL: {
    http: 500,
    grpc: 'INTERNAL',
    retry: 'if-idempotent',
    title: 'Something unexpected went wrong',
    action: 'Report it with the request id and the server log.',
  },
} as const satisfies Record<string, ReasonRow>

/** Stable name of one way to fail: a row of docs/ERRORS.md. */
export type ErrorReason = keyof typeof REASONS

/** Whether a name from another process is a reason of this table. */
export function isErrorReason(name: string): name is ErrorReason {
  return Object.hasOwn(REASONS, name)
}

/** The row of a reason. */
export function reasonRow(reason: ErrorReason): ReasonRow {
  return REASONS[reason]
}
