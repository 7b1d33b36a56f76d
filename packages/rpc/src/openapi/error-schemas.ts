/**
 * How errors look in the OpenAPI document: one schema, one response, the same for every operation.
 */
import { REASONS } from '@vectron/base'
import { PROBLEM_CONTENT_TYPE } from '../problem.ts'
import type { Schema } from './schemas.ts'

const problem: Schema = {
  type: 'object',
  description: 'An RFC 9457 problem that is a google.rpc.Status at the same time.',
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'Leads to what to do.' },
    title: { type: 'string', description: 'The same for every error of this reason.' },
    status: { type: 'integer', description: 'The HTTP status.' },
    detail: { type: 'string', description: 'What is wrong.' },
    instance: { type: 'string', description: 'The path that was asked for.' },
    code: { type: 'integer', description: 'The gRPC status code.' },
    message: { type: 'string', description: 'The same as `detail`.' },
    reason: {
      type: 'string',
      enum: Object.keys(REASONS),
      description: 'Stable name of the error.',
    },
    requestId: { type: 'string', description: 'Stands in the log of the server.' },
    details: {
      type: 'array',
      description: 'ErrorInfo, BadRequest, RetryInfo, RequestInfo and Help of google.rpc.',
      items: {
        type: 'object',
        properties: { '@type': { type: 'string' } },
        required: ['@type'],
      },
    },
  },
  required: [
    'type',
    'title',
    'status',
    'detail',
    'code',
    'message',
    'reason',
    'requestId',
    'details',
  ],
  additionalProperties: false,
}

const streamError: Schema = {
  type: 'object',
  description: 'The last line of a stream that failed.',
  properties: { error: { $ref: '#/components/schemas/Problem' } },
  required: ['error'],
  additionalProperties: false,
}

const errorResponse: Schema = {
  description: 'An error; `reason` says which.',
  content: { [PROBLEM_CONTENT_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
}

const statuses: Readonly<Record<string, string>> = {
  400: 'The request is not valid.',
  401: 'The API key is missing or wrong.',
  404: 'What the request names does not exist.',
  409: 'What is there stands in the way: a name is taken, something is still in use.',
  413: 'The request is too large.',
  429: 'Too many requests; Retry-After says when to come back.',
  503: 'Something needed is not available; try again shortly.',
  504: 'The time allowed ran out.',
}

/** The error responses of every operation. */
export const errorResponses: Readonly<Record<string, Schema>> = {
  ...Object.fromEntries(
    Object.entries(statuses).map(([status, description]) => [
      status,
      { ...errorResponse, description },
    ]),
  ),
  default: { $ref: '#/components/responses/Error' },
}

/** Components: the schemas of messages with those of errors, and the response for errors. */
export function errorComponents(schemas: Readonly<Record<string, Schema>>): {
  schemas: Record<string, Schema>
  responses: Record<string, Schema>
} {
  return {
    schemas: { ...schemas, Problem: problem, StreamError: streamError },
    responses: { Error: errorResponse },
  }
}
