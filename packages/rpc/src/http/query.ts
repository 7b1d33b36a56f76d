/**
 * Query parameters as a JSON body: then one reader checks types, names and ranges for both.
 *
 *   ?page_size=10&filter.must... is {"pageSize": 10, ...}; a repeated parameter is an array;
 *   dots lead into nested messages.
 */
import { didYouMean, VectronError } from '@vectron/base'
import { textAsJson } from '../json/json-codec.ts'
import type { FieldPlan, MessagePlan } from '../json/plan.ts'

/** A parameter, or the parameters of a nested message. */
type QueryValue = { readonly field: FieldPlan; readonly texts: string[] } | QueryMessage
type QueryMessage = Map<string, QueryValue>

/** The JSON body that a query string stands for. */
export function queryToJson(plan: MessagePlan, query: string): Buffer {
  const message: QueryMessage = new Map()
  for (const [name, text] of new URLSearchParams(query)) addParameter(plan, message, name, text)
  return Buffer.from(toText(message))
}

function addParameter(plan: MessagePlan, message: QueryMessage, name: string, text: string): void {
  const parts = name.split('.')
  let at = message
  let within = plan
  for (const [i, part] of parts.entries()) {
    const field = within.fieldByName.get(part)
    if (field === undefined) throw unknownParameter(within, name, part)
    const { form } = field
    const isMessage = form.kind === 'message' && form.message.form === 'fields'
    if (i < parts.length - 1) {
      if (!isMessage || field.cardinality !== 'singular') throw notNested(name, part)
      within = form.message
      at = nested(at, field.jsonName)
    } else {
      if (isMessage || field.cardinality === 'map') throw notAValue(name)
      addText(at, field, text)
    }
  }
}

function nested(message: QueryMessage, name: string): QueryMessage {
  const known = message.get(name)
  if (known instanceof Map) return known
  const added: QueryMessage = new Map()
  message.set(name, added)
  return added
}

function addText(message: QueryMessage, field: FieldPlan, text: string): void {
  const known = message.get(field.jsonName)
  if (known === undefined) message.set(field.jsonName, { field, texts: [text] })
  else if (!(known instanceof Map)) known.texts.push(text)
}

function toText(message: QueryMessage): string {
  const members = [...message].map(([name, value]) => `${JSON.stringify(name)}:${valueText(value)}`)
  return `{${members.join(',')}}`
}

function valueText(value: QueryValue): string {
  if (value instanceof Map) return toText(value)
  const { field, texts } = value
  const items = texts.map((text) => textAsJson(field, text).toString())
  const bareList = field.form.kind === 'message' && field.form.message.form === 'list'
  if (field.cardinality === 'list' || bareList) return `[${items.join(',')}]`
  if (items.length === 1) return items[0] as string
  const name = field.jsonName
  throw new VectronError('INVALID_ARGUMENT', `${name} may be given once.`, { field: name })
}

function unknownParameter(plan: MessagePlan, name: string, part: string): VectronError {
  const hint = didYouMean(
    part,
    plan.fields.map((field) => field.jsonName),
  )
  const message = `There is no query parameter "${name}".${hint}`
  return new VectronError('UNKNOWN_FIELD', message, { field: name })
}

function notNested(name: string, part: string): VectronError {
  const message = `The query parameter "${name}" goes into "${part}", which has no fields.`
  return new VectronError('UNKNOWN_FIELD', message, { field: name })
}

function notAValue(name: string): VectronError {
  const message = `The query parameter "${name}" needs a field of it: "${name}.<field>".`
  return new VectronError('FIELD_TYPE_MISMATCH', message, { field: name })
}
