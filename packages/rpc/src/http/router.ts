/**
 * Finds the route for a method and a path.
 *
 * A tree over segments: a literal wins over a variable. Segments are matched before they are
 * percent-decoded, so an id may hold an encoded "/" or ":". A raw ":" in an id is fine too unless
 * the id ends in a verb of that route.
 */
import { nearestName, VectronError } from '@vectron/base'
import type { PathTemplate } from './path-template.ts'

/** What a path leads to. */
export type RouteMatch<R> =
  | {
      readonly kind: 'found'
      readonly route: R
      /** Values of the template's variables, decoded, in its order. */
      readonly values: readonly string[]
    }
  /** The path exists, for other methods. */
  | { readonly kind: 'wrong-method'; readonly allowed: readonly string[] }
  /** `nearest`: a route like it, when there is one. */
  | { readonly kind: 'not-found'; readonly nearest: string | undefined }

interface RouteNode<R> {
  readonly literals: Map<string, RouteNode<R>>
  variable: RouteNode<R> | undefined
  /** Routes that end here, by verb ('' for none), then by HTTP method. */
  readonly ends: Map<string, Map<string, R>>
}

export class Router<R> {
  readonly #root: RouteNode<R> = newNode()
  readonly #templates: string[] = []

  /** Adds a route; throws when the path and method are taken. */
  add(httpMethod: string, template: PathTemplate, route: R): void {
    let node = this.#root
    for (const segment of template.segments) {
      if (segment.kind === 'literal') {
        node = getOrAdd(node.literals, segment.text, newNode<R>)
      } else {
        node.variable ??= newNode()
        node = node.variable
      }
    }
    const methods = getOrAdd(node.ends, template.verb ?? '', () => new Map<string, R>())
    if (methods.has(httpMethod)) throw new Error(`${httpMethod} ${template.text} is taken`)
    methods.set(httpMethod, route)
    this.#templates.push(template.text)
  }

  /** `path`: without the query, still percent-encoded. */
  match(httpMethod: string, path: string): RouteMatch<R> {
    const segments = path.slice(1).split('/')
    const values: string[] = []
    const methods = find(this.#root, segments, 0, values)
    if (methods === undefined) return { kind: 'not-found', nearest: this.#nearest(path) }
    const route = methods.get(httpMethod)
    if (route === undefined) return { kind: 'wrong-method', allowed: [...methods.keys()] }
    return { kind: 'found', route, values: values.map(decodeSegment) }
  }

  /** Compares with each template as it would look for this path. */
  #nearest(path: string): string | undefined {
    const asked = path.split('/')
    const filled = new Map<string, string>()
    for (const template of this.#templates) {
      const parts = template.split('/')
      const like = parts.map((part, i) => {
        const verb = part.startsWith('{') ? part.slice(part.indexOf('}') + 1) : undefined
        return verb === undefined ? part : `${asked[i]?.split(':')[0] ?? ''}${verb}`
      })
      filled.set(like.join('/'), template)
    }
    const nearest = nearestName(path, filled.keys())
    return nearest === undefined ? undefined : filled.get(nearest)
  }
}

function find<R>(
  node: RouteNode<R>,
  segments: readonly string[],
  depth: number,
  values: string[],
): Map<string, R> | undefined {
  const segment = segments[depth]
  if (segment === undefined) return node.ends.get('')
  const literal = node.literals.get(segment)
  const viaLiteral = literal && find(literal, segments, depth + 1, values)
  if (viaLiteral !== undefined) return viaLiteral
  // An empty segment is no value: "/points/" is not a point without an id.
  if (node.variable === undefined || segment === '') return undefined
  if (depth === segments.length - 1) return findEnd(node.variable, segment, values)
  values.push(segment)
  const viaVariable = find(node.variable, segments, depth + 1, values)
  if (viaVariable === undefined) values.pop()
  return viaVariable
}

/** The last segment is a variable: with a verb behind it, if the node has that verb. */
function findEnd<R>(
  node: RouteNode<R>,
  segment: string,
  values: string[],
): Map<string, R> | undefined {
  const colon = segment.lastIndexOf(':')
  const withVerb = colon > 0 ? node.ends.get(segment.slice(colon + 1)) : undefined
  if (withVerb !== undefined) {
    values.push(segment.slice(0, colon))
    return withVerb
  }
  const plain = node.ends.get('')
  if (plain !== undefined) values.push(segment)
  return plain
}

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    const message = `The path segment "${segment}" is not percent-encoded UTF-8.`
    throw new VectronError('INVALID_UTF8', message, { cause })
  }
}

function newNode<R>(): RouteNode<R> {
  return { literals: new Map(), variable: undefined, ends: new Map() }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
