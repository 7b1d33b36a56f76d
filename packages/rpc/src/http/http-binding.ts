/**
 * How a method is reached over HTTP, from its `google.api.http` annotation, checked at start.
 */
import { type DescMethod, getOption, hasOption } from '@bufbuild/protobuf'
import { google } from '@vectron/contracts'
import {
  type FieldPlan,
  type MessagePlan,
  planMessage,
  UnsupportedDescriptor,
} from '../json/plan.ts'
import { type PathTemplate, parseTemplate } from './path-template.ts'

export type HttpVerb = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH'

/** What the request's body is. */
export type BodyBinding =
  | { readonly kind: 'none' }
  /** All fields that the path does not give. */
  | { readonly kind: 'message' }
  | { readonly kind: 'field'; readonly field: FieldPlan }

export interface HttpBinding {
  readonly method: DescMethod
  readonly verb: HttpVerb
  readonly template: PathTemplate
  /** The template's variables as fields, in its order. */
  readonly pathFields: readonly FieldPlan[]
  readonly body: BodyBinding
  readonly input: MessagePlan
  readonly output: MessagePlan
}

/** All bindings of a method; throws UnsupportedDescriptor, with the method named. */
export function httpBindings(method: DescMethod): HttpBinding[] {
  try {
    if (!hasOption(method, google.http)) {
      throw new UnsupportedDescriptor('it has no google.api.http annotation')
    }
    const rule = getOption(method, google.http)
    return [rule, ...rule.additionalBindings].map((each) => toBinding(method, each))
  } catch (error) {
    if (!(error instanceof UnsupportedDescriptor)) throw error
    const name = `${method.parent.typeName}.${method.name}`
    throw new UnsupportedDescriptor(`${name} cannot be served over HTTP: ${error.message}.`)
  }
}

function toBinding(method: DescMethod, rule: google.HttpRule): HttpBinding {
  const { verb, path } = verbAndPath(rule)
  if (rule.responseBody !== '') throw new UnsupportedDescriptor('response_body is not supported')
  const template = parseTemplate(path)
  const input = planMessage(method.input)
  const pathFields = template.fields.map((name) => pathField(input, name))
  const body = bodyBinding(input, rule.body)
  if ((verb === 'GET' || verb === 'DELETE') && body.kind !== 'none') {
    throw new UnsupportedDescriptor(`a ${verb} request has no body`)
  }
  const streamsIn =
    method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming'
  if (streamsIn && body.kind !== 'message') {
    throw new UnsupportedDescriptor('a stream of requests needs body "*"')
  }
  return { method, verb, template, pathFields, body, input, output: planMessage(method.output) }
}

function verbAndPath(rule: google.HttpRule): { verb: HttpVerb; path: string } {
  const { pattern } = rule
  switch (pattern.case) {
    case 'get':
    case 'put':
    case 'post':
    case 'delete':
    case 'patch':
      return { verb: pattern.case.toUpperCase() as HttpVerb, path: pattern.value }
    case 'custom':
      throw new UnsupportedDescriptor(`the HTTP method ${pattern.value.kind} is not supported`)
    case undefined:
      throw new UnsupportedDescriptor('its annotation has no path')
  }
}

function pathField(input: MessagePlan, name: string): FieldPlan {
  const field = input.fieldByName.get(name)
  if (field === undefined) throw new UnsupportedDescriptor(`its path names no field: ${name}`)
  const simple = field.form.kind === 'scalar' || field.form.kind === 'enum'
  if (field.cardinality !== 'singular' || !simple) {
    throw new UnsupportedDescriptor(`its path needs a single value, unlike ${name}`)
  }
  return field
}

function bodyBinding(input: MessagePlan, body: string): BodyBinding {
  if (body === '') return { kind: 'none' }
  if (body === '*') return { kind: 'message' }
  const field = input.fieldByName.get(body)
  if (field === undefined) throw new UnsupportedDescriptor(`its body names no field: ${body}`)
  return { kind: 'field', field }
}
