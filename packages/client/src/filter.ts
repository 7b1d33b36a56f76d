/**
 * Filters: which points count, by payload and id. Plain objects in the API's own JSON form, typed
 * by the payload, and a builder that reads as a sentence. Both may be mixed.
 *
 * `Path` and `Value` are worked out from the payload type, so that a misspelt field or a value of
 * the wrong type does not compile. For payloads of unknown shape every string is a path.
 */

export type Scalar = string | number | boolean

/** Paths to the fields of a payload, nested objects by dots: `'author.name'`. */
export type Path<Payload> = string extends keyof Payload
  ? string
  : {
      [Key in keyof Payload & string]: Nested<Payload[Key]> extends never
        ? Key
        : Key | `${Key}.${Path<Nested<Payload[Key]>>}`
    }[keyof Payload & string]

/** What a field at a path is compared with: the item type for arrays. */
export type Value<Payload, P extends string> = string extends keyof Payload
  ? Scalar
  : P extends keyof Payload
    ? Extract<Item<NonNullable<Payload[P]>>, Scalar>
    : P extends `${infer Head}.${infer Rest}`
      ? Head extends keyof Payload
        ? Value<Nested<Payload[Head]>, Rest>
        : never
      : never

type Item<T> = T extends readonly (infer Element)[] ? Element : T
type Nested<T> = Extract<Exclude<NonNullable<T>, readonly unknown[] | Scalar>, object>

/** Numbers, or RFC 3339 strings for fields of type datetime. At least one bound. */
export interface RangeBounds<V extends Scalar = Scalar> {
  readonly gt?: V
  readonly gte?: V
  readonly lt?: V
  readonly lte?: V
}

/** The tests of one field; exactly one is set. */
type FieldTest<V extends Scalar> =
  | { readonly match: V }
  | { readonly matchAny: readonly V[] }
  | { readonly range: RangeBounds<V> }
  | { readonly exists: boolean }
  | { readonly isNull: boolean }
  | { readonly contains: readonly V[] }

type FieldCondition<Payload> = {
  [P in Path<Payload>]: { readonly field: P } & FieldTest<Value<Payload, P>>
}[Path<Payload>]

export type Condition<Payload = Record<string, unknown>> =
  | FieldCondition<Payload>
  | { readonly hasId: readonly string[] }
  | { readonly filter: Filter<Payload> }

/** All of `must`, at least one of `should` when it has any, none of `mustNot`. */
export interface Filter<Payload = Record<string, unknown>> {
  readonly must?: readonly Condition<Payload>[]
  readonly should?: readonly Condition<Payload>[]
  readonly mustNot?: readonly Condition<Payload>[]
}

/** A field, and what may be said of it. */
export interface FieldBuilder<Payload, V extends Scalar> {
  /** The field equals the value; for an array, one of its items does. */
  is(value: V): Condition<Payload>
  isOneOf(values: readonly V[]): Condition<Payload>
  inRange(bounds: RangeBounds<V>): Condition<Payload>
  /** The field is present and not null. */
  exists(): Condition<Payload>
  /** The field is absent or null. */
  isMissing(): Condition<Payload>
  /** The field is present and null. */
  isNull(): Condition<Payload>
  /** The field is an array that holds all of the values. */
  containsAll(values: readonly V[]): Condition<Payload>
}

export interface FilterBuilder<Payload> {
  field<P extends Path<Payload>>(path: P): FieldBuilder<Payload, Value<Payload, P>>
  hasId(...ids: readonly string[]): Condition<Payload>
  /** All of these hold; what it gives may stand in another `all`, `any` or `none`. */
  all(...parts: readonly FilterPart<Payload>[]): Filter<Payload>
  /** At least one of these holds. */
  any(...parts: readonly FilterPart<Payload>[]): Filter<Payload>
  /** None of these holds. */
  none(...parts: readonly FilterPart<Payload>[]): Filter<Payload>
}

export type FilterPart<Payload> = Condition<Payload> | Filter<Payload>

/**
 * The builder for payloads of one type:
 *
 *     const { all, field } = where<Word>()
 *     const filter = all(field('pos').is('noun'), field('wordCount').inRange({ gte: 2 }))
 *     await words.search({ text, filter })
 */
export function where<Payload = Record<string, unknown>>(): FilterBuilder<Payload> {
  type Any = Condition<Payload>
  return {
    field: (path) => {
      const test = (body: object) => ({ field: path, ...body }) as unknown as Any
      return {
        is: (value) => test({ match: value }),
        isOneOf: (values) => test({ matchAny: values }),
        inRange: (bounds) => test({ range: bounds }),
        exists: () => test({ exists: true }),
        isMissing: () => test({ exists: false }),
        isNull: () => test({ isNull: true }),
        containsAll: (values) => test({ contains: values }),
      }
    },
    hasId: (...ids) => ({ hasId: ids }),
    all: (...parts) => ({ must: parts.map(toCondition) }),
    any: (...parts) => ({ should: parts.map(toCondition) }),
    none: (...parts) => ({ mustNot: parts.map(toCondition) }),
  }
}

function toCondition<Payload>(part: FilterPart<Payload>): Condition<Payload> {
  const isFilter = 'must' in part || 'should' in part || 'mustNot' in part
  return isFilter ? { filter: part } : (part as Condition<Payload>)
}
