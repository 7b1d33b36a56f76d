/**
 * The state of a view in its address: each takes one parameter, which anybody may have typed. What
 * is not valid is left out, so that defaults stay out of addresses.
 *
 *     validateSearch: (search) => ({ ...textParam(search, 'find'), ...countParam(search, 'top') })
 */

type Found<Name extends string, Value> = { readonly [name in Name]?: Value }
type Search = Readonly<Record<string, unknown>>

/** A text that is not empty. */
export function textParam<Name extends string>(search: Search, name: Name): Found<Name, string> {
  const value = search[name]
  // The router parses what looks like a number.
  const text = typeof value === 'number' ? String(value) : value
  return found(name, typeof text === 'string' && text !== '' ? text : undefined)
}

/** One of a few words. */
export function choiceParam<Name extends string, Choice extends string>(
  search: Search,
  name: Name,
  choices: readonly Choice[],
): Found<Name, Choice> {
  return found(
    name,
    choices.find((choice) => choice === search[name]),
  )
}

/** A whole number that is not negative. */
export function countParam<Name extends string>(search: Search, name: Name): Found<Name, number> {
  const value = search[name]
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
  return found(name, isCount ? value : undefined)
}

/** Some texts, none of them empty. */
export function textsParam<Name extends string>(
  search: Search,
  name: Name,
): Found<Name, readonly string[]> {
  const value = search[name]
  const texts = Array.isArray(value)
    ? value.filter((one): one is string => typeof one === 'string' && one !== '')
    : []
  return found(name, texts.length > 0 ? texts : undefined)
}

function found<Name extends string, Value>(name: Name, value: Value | undefined) {
  return (value === undefined ? {} : { [name]: value }) as Found<Name, Value>
}
