/** Completion of JSON by a schema: names of members and values, from where the cursor stands. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { syntaxTree } from '@codemirror/language'
import type { EditorState } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import {
  beginningOf,
  type JsonSchemas,
  type MemberName,
  memberNames,
  type Step,
  valueChoices,
} from './json-schema.ts'

type SyntaxNode = ReturnType<ReturnType<typeof syntaxTree>['resolveInner']>

/** @param schemasOf the schema now: it may change while the editor stays */
export function completeJson(schemasOf: () => JsonSchemas | undefined) {
  return (context: CompletionContext): CompletionResult | null => {
    const schemas = schemasOf()
    if (schemas === undefined) return null
    const word = context.matchBefore(/"?[\w.-]*/)
    if (word === null || (word.from === word.to && !context.explicit)) return null
    const place = placeAt(context.state, word.from)
    if (place === undefined) return null
    const options =
      place.kind === 'name'
        ? memberNames(schemas, place.path)
            .filter(({ name }) => !place.taken.has(name))
            .map((member) => nameCompletion(member, schemas))
        : valueChoices(schemas, place.path).map((value) => valueCompletion(value))
    return { from: word.from, options, validFor: /^"?[\w.-]*$/ }
  }
}

type Place =
  | { readonly kind: 'name'; readonly path: readonly Step[]; readonly taken: ReadonlySet<string> }
  | { readonly kind: 'value'; readonly path: readonly Step[] }

/** What would stand at a position, and the path to it. */
export function placeAt(state: EditorState, position: number): Place | undefined {
  let node: SyntaxNode | null = syntaxTree(state).resolveInner(position, 1)
  if (node.from === position && node.name !== 'Object' && node.name !== 'Array') {
    // Something begins here: where it stands is its parent's matter.
    if (node.name === 'PropertyName') return inObject(state, node.parent?.parent, position)
    node = node.parent
  } else if (node.name !== 'Object' && node.name !== 'Array' && node.name !== 'Property') {
    node = syntaxTree(state).resolveInner(position, -1)
  }
  while (node !== null) {
    switch (node.name) {
      case 'Property':
        if (afterColon(state, node, position)) return { kind: 'value', path: pathOf(state, node) }
        break
      case 'Object':
        if (position > node.from) return placeInObject(state, node, position)
        break
      case 'Array':
        if (position > node.from) return { kind: 'value', path: [...pathOf(state, node), 0] }
        break
    }
    node = node.parent
  }
  return undefined
}

/** Within an object one writes a name, or the value of a name that has none yet. */
function placeInObject(state: EditorState, node: SyntaxNode, position: number): Place | undefined {
  const before = state.sliceDoc(node.from, position)
  const name = /"((?:[^"\\]|\\.)*)"\s*:\s*$/.exec(before)?.[1]
  if (name !== undefined) return { kind: 'value', path: [...pathOf(state, node), name] }
  return inObject(state, node, position)
}

function inObject(
  state: EditorState,
  node: SyntaxNode | null | undefined,
  position: number,
): Place | undefined {
  if (node?.name !== 'Object') return undefined
  const properties = node.getChildren('Property').filter(({ from }) => from !== position)
  const taken = new Set(properties.map((property) => nameOf(state, property)))
  return { kind: 'name', path: pathOf(state, node), taken }
}

function afterColon(state: EditorState, property: SyntaxNode, position: number): boolean {
  const name = property.getChild('PropertyName')
  return name !== null && state.sliceDoc(name.to, position).includes(':')
}

/** From the root of the document into the value, or to the value of a property. */
function pathOf(state: EditorState, node: SyntaxNode): Step[] {
  const path: Step[] = []
  for (let at: SyntaxNode | null = node; at !== null; at = at.parent) {
    if (at.name === 'Property') path.unshift(nameOf(state, at))
    else if (at.parent?.name === 'Array') path.unshift(0)
  }
  return path
}

function nameOf(state: EditorState, property: SyntaxNode): string {
  const name = property.getChild('PropertyName')
  if (name === null) return ''
  const text = state.sliceDoc(name.from, name.to)
  try {
    return String(JSON.parse(text))
  } catch {
    return text
  }
}

function nameCompletion({ name, description, schema }: MemberName, schemas: JsonSchemas) {
  const beginning = beginningOf(schema, schemas.named)
  return {
    label: `"${name}"`,
    displayLabel: name,
    type: 'property',
    ...(description === '' ? {} : { info: description }),
    apply: (view: EditorView, _: Completion, from: number, to: number) => {
      // A quote that the editor closed by itself is part of what is replaced.
      const end = view.state.sliceDoc(to, to + 1) === '"' ? to + 1 : to
      const hasColon = /^\s*:/.test(view.state.sliceDoc(end, end + 20))
      const insert = hasColon ? `"${name}"` : `"${name}": ${beginning}`
      const inside = !hasColon && beginning !== '' ? 1 : 0
      view.dispatch({
        changes: { from, to: end, insert },
        selection: { anchor: from + insert.length - inside },
        userEvent: 'input.complete',
      })
    },
  }
}

function valueCompletion(value: unknown): Completion {
  const text = JSON.stringify(value)
  return {
    label: text,
    displayLabel: String(value),
    type: 'enum',
    apply: (view, _, from, to) => {
      const isQuoted = text.startsWith('"') && view.state.sliceDoc(to, to + 1) === '"'
      const end = isQuoted ? to + 1 : to
      view.dispatch({
        changes: { from, to: end, insert: text },
        selection: { anchor: from + text.length },
        userEvent: 'input.complete',
      })
    },
  }
}
