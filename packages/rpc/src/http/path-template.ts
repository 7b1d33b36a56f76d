/**
 * Path templates of google.api.http: literals, `{field}` segments, and a custom verb at the end.
 *
 *   /v1/collections/{collection}/points:search
 *   /v1/collections/{collection}/points/{id}
 *
 * A variable stands for one whole segment. Patterns inside variables (`{name=shelves/*}`), `**` and
 * nested fields (`{point.id}`) are refused when a server is put together, not when a request comes.
 */
import { UnsupportedDescriptor } from '../json/plan.ts'

export type TemplateSegment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'variable'; readonly field: string }

export interface PathTemplate {
  readonly text: string
  readonly segments: readonly TemplateSegment[]
  /**
   * What follows the last ":" behind a variable; a verb behind a literal belongs to the
   * literal.
   */
  readonly verb: string | undefined
  readonly fields: readonly string[]
}

/** Parses a template; throws UnsupportedDescriptor. */
export function parseTemplate(text: string): PathTemplate {
  const match = /^((?:\/[^/]+)+)$/.exec(text)
  if (match === null) throw unsupported(text, 'must be segments behind slashes')
  const parts = text.slice(1).split('/')
  const last = parts[parts.length - 1] as string
  const verbMatch = /^(\{[^}]*\}):([A-Za-z]+)$/.exec(last)
  if (verbMatch !== null) parts[parts.length - 1] = verbMatch[1] as string
  const segments = parts.map((part) => parseSegment(text, part))
  const fields = segments.flatMap((each) => (each.kind === 'variable' ? [each.field] : []))
  if (new Set(fields).size < fields.length) throw unsupported(text, 'names a field twice')
  return { text, segments, verb: verbMatch?.[2], fields }
}

function parseSegment(template: string, part: string): TemplateSegment {
  const variable = /^\{([a-z][a-z0-9_]*)(=\*)?\}$/.exec(part)
  if (variable !== null) return { kind: 'variable', field: variable[1] as string }
  if (!/^[A-Za-z0-9_.~:-]+$/.test(part)) throw unsupported(template, `has the segment "${part}"`)
  return { kind: 'literal', text: part }
}

function unsupported(template: string, problem: string): UnsupportedDescriptor {
  return new UnsupportedDescriptor(`The path template "${template}" ${problem}`)
}
